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

package dev.failover.detection;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

class NodeIdentityTests {

	@Test
	void nodeAndItsRunAreReadAndTheProcessIsNot() {
		String one = NodeIdentity
			.parse("amq.rabbitmq.reply-to.g1h2AA5yZXBseUAzNzcyNzI1MgAAAqYAAAAAawx1oA==.KIn2N3N6==");
		String other = NodeIdentity
			.parse("amq.rabbitmq.reply-to.g1h2AA5yZXBseUAzNzcyNzI1MgAAArgAAAAAawx1oA==.m6lP9VI==");
		String restarted = NodeIdentity
			.parse("amq.rabbitmq.reply-to.g1h2AA5yZXBseUAzNzcyNzI1MgAAAxIAAAAAawx1nw==.3YlGJK==");
		assertThat(one).isEqualTo("reply@37727252/1795978656").isEqualTo(other).isNotEqualTo(restarted);
	}

	@ParameterizedTest
	@ValueSource(strings = { "", "null", "amq.rabbitmq.reply-to", "amq.rabbitmq.reply-to.", "amq.rabbitmq.reply-to..",
			"amq.rabbitmq.reply-to.g1h2.x", "amq.rabbitmq.reply-to.?.x", "amq.rabbitmq.reply-to.g1h2AA5yZXBs.x",
			"amq.rabbitmq.reply-to.AAAA.x", "amq.rabbitmq.reply-to.g1h2//8=.x" })
	void whatIsOfAnotherFormTellsNothing(String replyTo) {
		assertThat(NodeIdentity.parse(replyTo)).isNull();
	}

}
