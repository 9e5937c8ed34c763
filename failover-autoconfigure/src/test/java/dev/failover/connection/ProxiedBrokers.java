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

import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import com.rabbitmq.client.ConnectionFactory;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerState;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.broker.RecoveryPolicy;
import dev.failover.strategy.RoundRobinStrategy;
import dev.failover.test.EmbeddedBroker;
import dev.failover.test.FaultProxy;

/**
 * Three brokers, which are one embedded broker behind three proxies, and a connection
 * factory for them.
 */
final class ProxiedBrokers implements AutoCloseable {

	static final Duration PATIENCE = Duration.ofSeconds(20);

	/**
	 * So patient that a busy machine does not start a race where there should be none.
	 */
	static final ConnectSettings PATIENT = new ConnectSettings(PATIENCE, PATIENCE, false);

	static final ConnectSettings STANDBY = new ConnectSettings(PATIENCE, PATIENCE, true);

	final EmbeddedBroker embedded = EmbeddedBroker.builder().start();

	final FaultProxy one = FaultProxy.to(this.embedded);

	final FaultProxy two = FaultProxy.to(this.embedded);

	final FaultProxy three = FaultProxy.to(this.embedded);

	final Map<String, ConnectionFactory> natives = new LinkedHashMap<>();

	final Brokers brokers;

	final FailoverConnectionFactory factory;

	ProxiedBrokers(ConnectSettings settings) {
		this(settings, RecoveryPolicy.DEFAULTS);
	}

	ProxiedBrokers(ConnectSettings settings, RecoveryPolicy policy) {
		this.brokers = new Brokers(
				List.of(broker("one", this.one), broker("two", this.two), broker("three", this.three)), policy,
				Clock.systemUTC());
		this.brokers.getAll().forEach((broker) -> this.natives.put(broker.name(), target()));
		this.factory = new FailoverConnectionFactory(this.brokers, new RoundRobinStrategy(),
				(broker) -> this.natives.get(broker.name()), settings);
	}

	private Broker broker(String name, FaultProxy proxy) {
		return Broker.of(name, proxy.host(), proxy.port()).withVirtualHost(this.embedded.virtualHost());
	}

	private ConnectionFactory target() {
		ConnectionFactory target = new ConnectionFactory();
		target.setUsername(this.embedded.username());
		target.setPassword(this.embedded.password());
		target.setVirtualHost(this.embedded.virtualHost());
		target.setAutomaticRecoveryEnabled(false);
		return target;
	}

	String active() {
		Broker active = this.brokers.getActive();
		return (active != null) ? active.name() : "none";
	}

	BrokerState state(String name) {
		return status(name).state();
	}

	BrokerStatus status(String name) {
		return this.brokers.getStatus(name).orElseThrow();
	}

	@Override
	public void close() {
		this.factory.close();
		this.one.close();
		this.two.close();
		this.three.close();
		this.embedded.close();
	}

}
