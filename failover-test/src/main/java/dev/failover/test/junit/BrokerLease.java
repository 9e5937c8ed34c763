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

import dev.failover.test.EmbeddedBroker;
import dev.failover.test.EmbeddedBrokerBuilder;
import dev.failover.test.TestBroker;

/**
 * A broker for as long as a scope of the test run lasts.
 *
 * @param broker the broker
 * @param end what to do at the end of the scope
 */
record BrokerLease(TestBroker broker, Runnable end) implements AutoCloseable {

	static BrokerLease of(Embedded settings) {
		EmbeddedBrokerBuilder builder = EmbeddedBroker.builder()
			.user(settings.user(), settings.password())
			.virtualHost(settings.virtualHost());
		EmbeddedBroker broker = (settings.name().isEmpty() ? builder : builder.name(settings.name())).start();
		return new BrokerLease(broker, broker::close);
	}

	@Override
	public void close() {
		this.end.run();
	}

}
