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

package dev.failover.broker;

/**
 * Brokers that nothing listens at, for tests that connect to none.
 */
public final class TestBrokers {

	private TestBrokers() {
	}

	/**
	 * Return a broker of that name.
	 */
	public static Broker broker(String name) {
		return Broker.of(name, name + ".example.com", 5672);
	}

}
