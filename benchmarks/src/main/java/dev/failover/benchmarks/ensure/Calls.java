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

package dev.failover.benchmarks.ensure;

import org.springframework.retry.annotation.Retryable;

import dev.failover.ensure.Ensure;

/**
 * Objects with the same method, which differ in how it is advised.
 */
final class Calls {

	private Calls() {
	}

	static class Bare {

		long call(long value) {
			return value + 1;
		}

	}

	static class Intercepted {

		long call(long value) {
			return value + 1;
		}

	}

	static class Ensured {

		@Ensure
		long call(long value) {
			return value + 1;
		}

	}

	static class Retried {

		@Retryable
		long call(long value) {
			return value + 1;
		}

	}

}
