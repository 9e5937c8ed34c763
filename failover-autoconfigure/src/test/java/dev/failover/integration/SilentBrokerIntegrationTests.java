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

import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.amqp.core.Queue;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.broker.Brokers;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;
import dev.failover.test.junit.Rabbit;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A steady stream of confirmed messages while the active broker falls silent. The confirm
 * time-out and the heartbeat are longer than the tests, so that only probes can tell.
 */
@BrokerTest
class SilentBrokerIntegrationTests {

	private static final Log logger = LogFactory.getLog(SilentBrokerIntegrationTests.class);

	/**
	 * What the README promises for a broker that is frozen or unreachable.
	 */
	private static final Duration IS_LEFT = Duration.ofMillis(1500);

	@Rabbit(name = "silent-first", user = "north", password = "north-secret", virtualHost = "orders", tls = true)
	private RabbitNode first;

	@Rabbit(name = "silent-second", user = "south", password = "south-secret", virtualHost = "orders", tls = true)
	private RabbitNode second;

	private List<ProxiedNode> nodes = List.of();

	@AfterEach
	void closeProxies() {
		this.nodes.forEach(ProxiedNode::close);
	}

	@ParameterizedTest
	@EnumSource
	void streamGoesOnWithoutAnErrorAndWithoutALoss(Fault fault) throws Exception {
		this.nodes = fault.tls ? List.of(ProxiedNode.tls(this.first), ProxiedNode.tls(this.second))
				: List.of(ProxiedNode.plain(this.first), ProxiedNode.plain(this.second));
		SteadyStream stream;
		ProxiedNode left;
		try (ConfigurableApplicationContext context = run(fault.tls)) {
			Brokers brokers = context.getBean(Brokers.class);
			stream = SteadyStream.start(context.getBean(FailoverTemplate.class), Application.QUEUE);
			try (stream) {
				left = active(brokers);
				fault.begin.accept(left);
				stream.awaitMore(500);
				assertThat(left.isActive(brokers)).isFalse();
				stream.end();
			}
			finally {
				this.nodes.forEach(fault.end);
			}
		}
		logger.info("%s: longest gap %d ms".formatted(fault, stream.longestGap().toMillis()));
		assertThat(stream.errors()).isEmpty();
		Set<String> arrived = new HashSet<>(new QueueOnBroker(this.first, Application.QUEUE).drain());
		arrived.addAll(new QueueOnBroker(this.second, Application.QUEUE).drain());
		assertThat(arrived).containsAll(stream.confirmed());
		assertThat(stream.longestGap()).isLessThan(IS_LEFT.multipliedBy(3));
	}

	private ProxiedNode active(Brokers brokers) {
		return this.nodes.stream().filter((node) -> node.isActive(brokers)).findFirst().orElseThrow();
	}

	private ConfigurableApplicationContext run(boolean tls) throws IOException {
		List<String> properties = new ArrayList<>(
				List.of("failover.brokers=" + this.nodes.get(0).uri() + ";" + this.nodes.get(1).uri(),
						"failover.publish.confirm-timeout=40s", "spring.rabbitmq.requested-heartbeat=120s"));
		if (tls) {
			properties.add("spring.rabbitmq.ssl.bundle=nodes");
			properties.add("spring.ssl.bundle.pem.nodes.truststore.certificate=" + authority(this.first)
					+ authority(this.second));
		}
		return Applications.run(Application.class, properties.toArray(String[]::new));
	}

	private static String authority(RabbitNode node) throws IOException {
		return Files.readString(node.tls().files().caCertificate());
	}

	enum Fault {

		FROZEN(false, (active) -> active.node().freeze(), (node) -> node.node().thaw()),

		FROZEN_TLS(true, (active) -> active.node().freeze(), (node) -> node.node().thaw()),

		BLACK_HOLE(false, (active) -> active.proxy().blackHole(), (node) -> node.proxy().pass()),

		BLACK_HOLE_TLS(true, (active) -> active.proxy().blackHole(), (node) -> node.proxy().pass()),

		ALARM(false, (active) -> active.node().raiseMemoryAlarm(), (node) -> node.node().clearMemoryAlarm());

		private final boolean tls;

		private final Consumer<ProxiedNode> begin;

		private final Consumer<ProxiedNode> end;

		Fault(boolean tls, Consumer<ProxiedNode> begin, Consumer<ProxiedNode> end) {
			this.tls = tls;
			this.begin = begin;
			this.end = end;
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Application {

		static final String QUEUE = "silent";

		@Bean
		Queue queue() {
			return new Queue(QUEUE);
		}

	}

}
