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

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Method;
import com.rabbitmq.client.ShutdownSignalException;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.AmqpConnectException;

/**
 * Failures as the client and Spring throw them.
 */
final class Failures {

	private Failures() {
	}

	static AmqpConnectException connectionLost() {
		return new AmqpConnectException(shutdown(true, null));
	}

	static AmqpConnectException channelClosed(int code, String text) {
		return new AmqpConnectException(channel(code, text));
	}

	static ShutdownSignalException connection(int code) {
		return shutdown(true, new AMQP.Connection.Close.Builder().replyCode(code).replyText("text").build());
	}

	static ShutdownSignalException channel(int code, String text) {
		return shutdown(false, new AMQP.Channel.Close.Builder().replyCode(code).replyText(text).build());
	}

	static ShutdownSignalException shutdown(boolean hard, @Nullable Method reason) {
		return new ShutdownSignalException(hard, false, reason, null);
	}

}
