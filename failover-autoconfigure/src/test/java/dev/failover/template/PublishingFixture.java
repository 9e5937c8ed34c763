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

import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import com.rabbitmq.client.ConnectionFactory;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.amqp.rabbit.connection.Connection;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.connection.ConnectSettings;
import dev.failover.connection.FailoverConnectionFactory;
import dev.failover.connection.SpringReconnector;
import dev.failover.ensure.EnsurePolicy;
import dev.failover.ensure.Ensurer;
import dev.failover.ensure.FailureClassifier;
import dev.failover.test.TestBroker;

/**
 * Everything below a {@link FailoverTemplate}, wired by hand on test brokers.
 */
final class PublishingFixture implements AutoCloseable {

	final Brokers brokers;

	final FailoverConnectionFactory nativeFactory;

	final CachingConnectionFactory connectionFactory;

	final SpringReconnector reconnector;

	PublishingFixture(List<? extends TestBroker> targets) {
		this(targets, ConnectSettings.DEFAULTS);
	}

	PublishingFixture(List<? extends TestBroker> targets, ConnectSettings settings) {
		List<Broker> all = new ArrayList<>();
		Map<String, ConnectionFactory> factories = new LinkedHashMap<>();
		for (TestBroker target : targets) {
			Broker broker = Broker.of(target.name(), target.host(), target.port())
				.withVirtualHost(target.virtualHost());
			all.add(broker);
			ConnectionFactory factory = new ConnectionFactory();
			factory.setUsername(target.username());
			factory.setPassword(target.password());
			factory.setVirtualHost(broker.virtualHost());
			factory.setAutomaticRecoveryEnabled(false);
			factory.setChannelRpcTimeout((int) Duration.ofSeconds(5).toMillis());
			factories.put(broker.name(), factory);
		}
		this.brokers = new Brokers(all, Clock.systemUTC());
		this.nativeFactory = new FailoverConnectionFactory(this.brokers, PublishingFixture::rotate,
				(broker) -> factories.get(broker.name()), settings);
		this.connectionFactory = new CachingConnectionFactory(this.nativeFactory);
		this.reconnector = new SpringReconnector(this.brokers, this.nativeFactory, () -> {
			Connection connection = this.connectionFactory.getPublisherConnectionFactory().createConnection();
			connection.close();
		});
	}

	private static List<Broker> rotate(List<BrokerStatus> statuses, Broker previous) {
		List<Broker> order = new ArrayList<>(statuses.stream().map(BrokerStatus::broker).toList());
		Collections.rotate(order, -(order.indexOf(previous) + 1));
		return order;
	}

	FailoverTemplate template(PublishSettings settings) {
		Ensurer ensurer = new Ensurer(this.brokers, this.reconnector, FailureClassifier.standard(), () -> false);
		return new FailoverTemplate(this.connectionFactory, ensurer, EnsurePolicy.DEFAULT, settings);
	}

	@Override
	public void close() {
		this.connectionFactory.destroy();
		this.reconnector.close();
		this.nativeFactory.close();
	}

}
