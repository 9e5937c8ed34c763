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

package dev.failover.samples.orders;

import java.util.List;
import java.util.Optional;

import dev.failover.test.EmbeddedBroker;

/**
 * The embedded brokers, none if the shop runs on real ones. They end with the shop.
 */
class EmbeddedBrokers implements AutoCloseable {

	private final List<EmbeddedBroker> brokers;

	EmbeddedBrokers(List<EmbeddedBroker> brokers) {
		this.brokers = brokers;
	}

	Optional<EmbeddedBroker> get(String name) {
		return this.brokers.stream().filter((broker) -> broker.name().equals(name)).findFirst();
	}

	@Override
	public void close() {
		this.brokers.forEach(EmbeddedBroker::close);
	}

}
