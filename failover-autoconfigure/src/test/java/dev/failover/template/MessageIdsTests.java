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

import java.util.HashSet;
import java.util.Set;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link MessageIds}.
 */
class MessageIdsTests {

	@Test
	void areUniqueAcrossApplications() {
		MessageIds one = new MessageIds();
		MessageIds other = new MessageIds();
		Set<String> ids = new HashSet<>();
		for (int i = 0; i < 1000; i++) {
			ids.add(one.next());
			ids.add(other.next());
		}
		assertThat(ids).hasSize(2000);
	}

	/**
	 * Longer ones cost RabbitMQ a good part of its throughput with small messages.
	 */
	@Test
	void areShort() {
		MessageIds ids = new MessageIds();
		for (int i = 0; i < 100_000; i++) {
			assertThat(ids.next().length()).isLessThanOrEqualTo(24);
		}
	}

}
