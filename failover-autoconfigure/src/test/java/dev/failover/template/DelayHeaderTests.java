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

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageBuilder;
import org.springframework.amqp.core.MessageProperties;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link DelayHeader}. Which values delay a message is what the plugin's
 * {@code rabbit_delayed_message_utils:get_delay} takes.
 */
class DelayHeaderTests {

	@ParameterizedTest
	@ValueSource(longs = { 1, 5000, MessageProperties.X_DELAY_MAX })
	void delayOfTheMessageIsOne(long delay) {
		MessageProperties properties = new MessageProperties();
		properties.setDelayLong(delay);
		assertThat(DelayHeader.isSet(new Message(new byte[0], properties))).isTrue();
	}

	@Test
	void numberOfAnyTypeIsOne() {
		assertThat(isSet(5)).isTrue();
		assertThat(isSet(5.5)).isTrue();
		assertThat(isSet("5")).isTrue();
	}

	@Test
	void whatTheExchangeRoutesAtOnceIsNone() {
		assertThat(isSet(0)).isFalse();
		assertThat(isSet(-5)).isFalse();
		assertThat(isSet(MessageProperties.X_DELAY_MAX + 1)).isFalse();
		assertThat(isSet("soon")).isFalse();
		assertThat(DelayHeader.isSet(new Message(new byte[0]))).isFalse();
		assertThat(DelayHeader.isSet(null)).isFalse();
	}

	private static boolean isSet(Object value) {
		return DelayHeader
			.isSet(MessageBuilder.withBody(new byte[0]).setHeader(MessageProperties.X_DELAY, value).build());
	}

}
