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

import org.opentest4j.TestAbortedException;

import dev.failover.test.RabbitAvailability;

/**
 * What happens to tests that need RabbitMQ where there is none.
 */
final class RabbitRequirement {

	private RabbitRequirement() {
	}

	/**
	 * Skip or fail the test if RabbitMQ is missing.
	 * @param rabbit whether there is RabbitMQ
	 * @param mandatory whether the test must not be skipped
	 */
	static void check(RabbitAvailability rabbit, boolean mandatory) {
		if (rabbit.available()) {
			return;
		}
		if (mandatory) {
			throw new IllegalStateException("Must not be skipped with CI=true: " + rabbit.description());
		}
		throw new TestAbortedException("Skipped: " + rabbit.description());
	}

}
