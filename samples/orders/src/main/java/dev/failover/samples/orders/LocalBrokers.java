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

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

import dev.failover.test.EmbeddedBroker;
import dev.failover.test.RabbitAvailability;
import dev.failover.test.RabbitNode;
import dev.failover.test.TestBroker;

/**
 * The brokers that the shop has brought along, none if it was given some. They end with
 * the shop.
 */
final class LocalBrokers implements AutoCloseable {

	private static final List<String> NAMES = List.of("north", "south");

	private final List<LocalBroker> brokers;

	private LocalBrokers(List<LocalBroker> brokers) {
		this.brokers = List.copyOf(brokers);
	}

	static LocalBrokers none() {
		return new LocalBrokers(List.of());
	}

	/**
	 * Start brokers within this process.
	 */
	static LocalBrokers embedded() {
		return start((name) -> EmbeddedBroker.builder().name(name).start());
	}

	/**
	 * Start RabbitMQ nodes.
	 * @throws IllegalStateException if RabbitMQ is not installed
	 */
	static LocalBrokers rabbit() {
		RabbitAvailability availability = RabbitNode.available();
		if (!availability.available()) {
			throw new IllegalStateException("No RabbitMQ nodes can be started: " + availability.description());
		}
		return start((name) -> RabbitNode.builder().name(name).start());
	}

	private static LocalBrokers start(Function<String, TestBroker> start) {
		List<LocalBroker> started = new ArrayList<>();
		try {
			NAMES.forEach((name) -> started.add(new LocalBroker(start.apply(name))));
			return new LocalBrokers(started);
		}
		catch (RuntimeException ex) {
			started.forEach(LocalBroker::close);
			throw ex;
		}
	}

	List<LocalBroker> all() {
		return this.brokers;
	}

	Optional<LocalBroker> get(String name) {
		return this.brokers.stream().filter((broker) -> broker.name().equals(name)).findFirst();
	}

	@Override
	public void close() {
		this.brokers.forEach(LocalBroker::close);
	}

}
