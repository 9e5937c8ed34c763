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
import java.util.Locale;
import java.util.Set;

import org.springframework.amqp.AmqpException;
import org.springframework.amqp.AmqpTimeoutException;

/**
 * Failures that can be told by their text only.
 */
final class ClosedChannelText {

	private static final Set<String> CHANNEL_PROXY = Set.of("Channel closed; cannot ack/nack",
			"Channel closed during transaction");

	private static final Set<String> CACHE_EXHAUSTED = Set.of("No available channels",
			"Timed out attempting to get a connection");

	private static final String NACKS = "nacks received";

	private ClosedChannelText() {
	}

	/**
	 * Whether this is what a closed channel leaves behind: the proxies of Spring's
	 * channel cache throw exceptions without a reply code. Negative confirms are among
	 * them, because the client closes the channel then.
	 */
	static boolean isClosedChannel(Throwable cause) {
		String message = cause.getMessage();
		if (message == null) {
			return false;
		}
		if (cause instanceof IllegalStateException) {
			return CHANNEL_PROXY.stream().anyMatch(message::startsWith);
		}
		if (cause instanceof IOException) {
			return message.equals(NACKS);
		}
		return cause instanceof AmqpException && cause.getCause() == null && isClosed(message);
	}

	private static boolean isClosed(String message) {
		String text = message.toLowerCase(Locale.ROOT);
		return text.contains("channel is closed") || text.contains("channel closed")
				|| text.contains("not currently open");
	}

	/**
	 * Whether the cache of channels or connections ran out, which is no fault of a
	 * broker.
	 */
	static boolean isCacheExhausted(Throwable cause) {
		String message = cause.getMessage();
		return cause instanceof AmqpTimeoutException && message != null && CACHE_EXHAUSTED.contains(message);
	}

}
