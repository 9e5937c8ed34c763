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

package dev.failover.test.junit;

import org.junit.jupiter.api.Test;
import org.opentest4j.TestAbortedException;

import dev.failover.test.RabbitAvailability;

import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNoException;

class RabbitRequirementTests {

	private static final RabbitAvailability MISSING = new RabbitAvailability(false, "rabbitmq-server is not installed");

	@Test
	void runsWhereRabbitIsInstalled() {
		assertThatNoException()
			.isThrownBy(() -> RabbitRequirement.check(new RabbitAvailability(true, "/usr/sbin"), true));
	}

	@Test
	void skipsWhereRabbitIsMissing() {
		assertThatExceptionOfType(TestAbortedException.class).isThrownBy(() -> RabbitRequirement.check(MISSING, false))
			.withMessageContaining("rabbitmq-server is not installed");
	}

	@Test
	void failsInContinuousIntegrationWhereRabbitIsMissing() {
		assertThatIllegalStateException().isThrownBy(() -> RabbitRequirement.check(MISSING, true))
			.withMessageContaining("CI=true")
			.withMessageContaining("rabbitmq-server is not installed");
	}

}
