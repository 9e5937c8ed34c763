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

import java.net.SocketException;
import java.util.Set;

/**
 * What the JDK says of a socket that this side has closed.
 */
final class ClosedSocketText {

	private static final Set<String> CLOSED = Set.of("Socket closed", "Socket is closed",
			"Connection or outbound has closed");

	private ClosedSocketText() {
	}

	static boolean isClosedByThisSide(Throwable failure) {
		for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
			if (cause instanceof SocketException && CLOSED.contains(String.valueOf(cause.getMessage()))) {
				return true;
			}
		}
		return false;
	}

}
