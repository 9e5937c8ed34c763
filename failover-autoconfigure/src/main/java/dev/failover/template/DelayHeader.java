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

package dev.failover.template;

import org.jspecify.annotations.Nullable;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageProperties;

/**
 * The header by which a sender asks an exchange of type {@code x-delayed-message} to keep
 * a message for a while. Such an exchange routes the message later, and to no queue for
 * now, so that a mandatory one is returned although it arrives.
 */
final class DelayHeader {

	private DelayHeader() {
	}

	/**
	 * Whether the exchange would keep the message: it takes numbers, and texts that are
	 * numbers.
	 */
	static boolean isSet(@Nullable Message message) {
		Object delay = (message != null) ? message.getMessageProperties().getHeader(MessageProperties.X_DELAY) : null;
		if (delay instanceof Number number) {
			return isDelay(number.longValue());
		}
		return delay instanceof String text && isDelay(parse(text));
	}

	private static boolean isDelay(long millis) {
		return millis > 0 && millis <= MessageProperties.X_DELAY_MAX;
	}

	private static long parse(String text) {
		try {
			return Long.parseLong(text);
		}
		catch (NumberFormatException ex) {
			return 0;
		}
	}

}
