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

package dev.failover.connection;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;

import com.rabbitmq.client.ConnectionFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.util.Assert;

import dev.failover.broker.Broker;

/**
 * The native connection factory of each broker, created when it is asked for. What is set
 * on all of them is set on those that are created later, too.
 */
final class BrokerFactories {

	private final Function<Broker, @Nullable ConnectionFactory> creator;

	private final Map<String, ConnectionFactory> factories = new LinkedHashMap<>();

	private final List<BiConsumer<String, ConnectionFactory>> settings = new ArrayList<>();

	private final List<Consumer<String>> removals = new ArrayList<>();

	private final ReentrantLock lock = new ReentrantLock();

	BrokerFactories(Function<Broker, @Nullable ConnectionFactory> creator) {
		this.creator = creator;
	}

	void each(Consumer<ConnectionFactory> setting) {
		each((broker, factory) -> setting.accept(factory));
	}

	/**
	 * Set something that differs between brokers, which are given by their names.
	 */
	void each(BiConsumer<String, ConnectionFactory> setting) {
		this.lock.lock();
		try {
			this.settings.add(setting);
			this.factories.forEach(setting);
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Call something with the name of each broker whose factory is removed, before there
	 * is another one for a broker of that name.
	 */
	void onRemoval(Consumer<String> removal) {
		this.lock.lock();
		try {
			this.removals.add(removal);
		}
		finally {
			this.lock.unlock();
		}
	}

	ConnectionFactory get(Broker broker) {
		this.lock.lock();
		try {
			ConnectionFactory known = this.factories.get(broker.name());
			return (known != null) ? known : create(broker);
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Return the factory that an attempt needs. One that has failed, as its broker was
	 * removed for example, has none created.
	 * @throws IOException if the attempt has failed
	 */
	ConnectionFactory get(ConnectAttempt attempt) throws IOException {
		this.lock.lock();
		try {
			if (attempt.hasFailed()) {
				throw new IOException("The attempt to connect to %s has ended".formatted(attempt.broker().name()));
			}
			return get(attempt.broker());
		}
		finally {
			this.lock.unlock();
		}
	}

	private ConnectionFactory create(Broker broker) {
		ConnectionFactory created = this.creator.apply(broker);
		Assert.notNull(created, () -> "No connection factory for broker '%s'".formatted(broker.name()));
		ClientExceptionHandler.useWith(created);
		this.settings.forEach((setting) -> setting.accept(broker.name(), created));
		this.factories.put(broker.name(), created);
		return created;
	}

	void remove(Broker broker) {
		this.lock.lock();
		try {
			if (this.factories.remove(broker.name()) != null) {
				this.removals.forEach((removal) -> removal.accept(broker.name()));
			}
		}
		finally {
			this.lock.unlock();
		}
	}

}
