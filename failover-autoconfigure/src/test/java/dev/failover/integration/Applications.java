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

package dev.failover.integration;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

import org.awaitility.Awaitility;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.connection.PlannedMoves;
import dev.failover.test.FaultProxy;
import dev.failover.test.RabbitNode;
import dev.failover.test.TestBroker;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Runs applications with the whole auto-configuration.
 */
final class Applications {

	private Applications() {
	}

	static String brokers(TestBroker... brokers) {
		return "failover.brokers="
				+ Arrays.stream(brokers).map((broker) -> broker.uri().toString()).collect(Collectors.joining(";"));
	}

	/**
	 * Return the URI of a broker through a proxy.
	 */
	static String through(FaultProxy proxy, TestBroker broker) {
		return broker.uri().toString().replace(":" + broker.port(), ":" + proxy.port());
	}

	/**
	 * Return the one of some nodes that is the active broker.
	 */
	static <T extends TestBroker> T active(ConfigurableApplicationContext context, List<T> nodes) {
		Broker active = context.getBean(Brokers.class).getActive();
		assertThat(active).isNotNull();
		return nodes.stream().filter((node) -> node.port() == active.port()).findFirst().orElseThrow();
	}

	/**
	 * Return the one of two nodes that is the active broker.
	 */
	static <T extends TestBroker> T active(ConfigurableApplicationContext context, T first, T second) {
		return active(context, List.of(first, second));
	}

	/**
	 * Return the one of two nodes that is the given broker.
	 */
	static <T extends TestBroker> T node(Broker broker, T first, T second) {
		return (broker.port() == first.port()) ? first : second;
	}

	static ConfigurableApplicationContext run(Class<?> source, String... properties) {
		SpringApplication application = new SpringApplication(AutoConfigured.class, source);
		application.setWebApplicationType(WebApplicationType.NONE);
		application.setRegisterShutdownHook(false);
		return application.run(Arrays.stream(properties).map((property) -> "--" + property).toArray(String[]::new));
	}

	/**
	 * Let nodes write to disk which queues they have, which they do with a delay: a node
	 * that is killed before comes back without a queue that is new.
	 */
	static void writeQueues(RabbitNode... nodes) {
		for (RabbitNode node : nodes) {
			node.administration().flush();
		}
	}

	/**
	 * Move an application with two brokers to the other one, as planned.
	 */
	static void move(ConfigurableApplicationContext context) throws Exception {
		Brokers brokers = context.getBean(Brokers.class);
		Broker active = brokers.getActive();
		Broker other = brokers.getAll().stream().filter((broker) -> !broker.equals(active)).findFirst().orElseThrow();
		context.getBean(PlannedMoves.class).activate(other.name()).get(30, TimeUnit.SECONDS);
		assertThat(brokers.getActive()).isEqualTo(other);
	}

	/**
	 * Wait until an application can move to a node that was down.
	 */
	static void awaitReturn(ConfigurableApplicationContext context, TestBroker node) {
		Brokers brokers = context.getBean(Brokers.class);
		Broker broker = brokers.getAll().stream().filter((one) -> one.port() == node.port()).findFirst().orElseThrow();
		Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> {
			BrokerStatus status = brokers.getStatus(broker.name()).orElseThrow();
			return status.state().isUsable() && status.isHealthy();
		});
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class AutoConfigured {

	}

}
