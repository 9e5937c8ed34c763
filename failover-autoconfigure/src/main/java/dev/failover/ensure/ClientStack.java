/*
 * Copyright 2026-present the original author or authors.
 *
 * Licensed under the Apache License, Version 2.0 (the "License");
 * you may not use this file except in compliance with the License.
 * You may obtain a copy of the License at
 *
 *      https://www.apache.org/licenses/LICENSE-2.0
 *
 * Unless required by applicable law or agreed to in writing, software
 * distributed under the License is distributed on an "AS IS" BASIS,
 * WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
 * See the License for the specific language governing permissions and
 * limitations under the License.
 */

package dev.failover.ensure;

import java.io.IOException;
import java.util.concurrent.TimeoutException;

/**
 * Tells raw I/O failures of the RabbitMQ client from those of other clients by where they
 * were thrown.
 */
final class ClientStack {

	private static final String CLIENT = "com.rabbitmq.client.";

	private static final String CALLS_CONSUMERS = "com.rabbitmq.client.impl.Consumer";

	private static final String ENSURER = Ensurer.class.getName();

	private ClientStack() {
	}

	/**
	 * Return whether an I/O exception or time-out was thrown by the RabbitMQ client on
	 * behalf of ensured work. Frames below the ensured work, and those that call
	 * consumers, do not count: there the client is the caller.
	 */
	static boolean isThrownInClient(Throwable failure) {
		if (!(failure instanceof IOException || failure instanceof TimeoutException)) {
			return false;
		}
		for (StackTraceElement frame : failure.getStackTrace()) {
			String name = frame.getClassName();
			if (name.equals(ENSURER) || name.startsWith(CALLS_CONSUMERS)) {
				return false;
			}
			if (name.startsWith(CLIENT)) {
				return true;
			}
		}
		return false;
	}

}
