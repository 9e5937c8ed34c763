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
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.core.Queue;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.broker.Broker;
import dev.failover.broker.Brokers;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.FaultProxy;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Several applications whose brokers go and come back one after the other, as in a
 * rolling restart. The brokers are one node behind several addresses.
 */
@BrokerTest
class RebalanceIntegrationTests {

	private static final int APPLICATIONS = 12;

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	@North
	private RabbitNode node;

	@Test
	void applicationsSpreadAgainAfterTheirBrokersWereAway() throws Exception {
		QueueOnBroker.delete(Shop.QUEUE.getName(), this.node);
		List<ConfigurableApplicationContext> contexts = new ArrayList<>();
		List<SteadyLoad> loads = new ArrayList<>();
		try (FaultProxy one = FaultProxy.to(this.node); FaultProxy two = FaultProxy.to(this.node)) {
			try {
				for (int i = 0; i < APPLICATIONS; i++) {
					contexts.add(run(one, two));
					loads.add(SteadyLoad.start(contexts.get(i).getBean(FailoverTemplate.class),
							List.of(Shop.QUEUE.getName()), 20));
				}
				Awaitility.await()
					.atMost(PATIENCE)
					.until(() -> loads.stream().allMatch((load) -> load.sent().size() > 5));
				assertThat(active(contexts)).containsOnly(one.port());
				one.refuse();
				one.cut();
				Awaitility.await().atMost(PATIENCE).until(() -> active(contexts).equals(Set.of(two.port())));
				one.pass();
				Awaitility.await()
					.atMost(PATIENCE)
					.until(() -> active(contexts).equals(Set.of(one.port(), two.port())));
				for (SteadyLoad load : loads) {
					load.end();
					assertThat(load.errors()).isEmpty();
				}
			}
			finally {
				loads.forEach(SteadyLoad::close);
				contexts.forEach(ConfigurableApplicationContext::close);
			}
		}
	}

	private ConfigurableApplicationContext run(FaultProxy... proxies) {
		String brokers = IntStream.range(0, proxies.length)
			.mapToObj((index) -> Applications.through(proxies[index], this.node))
			.collect(Collectors.joining(";"));
		return Applications.run(Shop.class, "failover.brokers=" + brokers, "failover.rebalance.enabled=true",
				"failover.rebalance.window=2s");
	}

	private static Set<Integer> active(List<ConfigurableApplicationContext> contexts) {
		return contexts.stream().map((context) -> {
			Broker active = context.getBean(Brokers.class).getActive();
			return (active != null) ? active.port() : 0;
		}).collect(Collectors.toSet());
	}

	@Configuration(proxyBeanMethods = false)
	static class Shop {

		static final Queue QUEUE = new Queue("rebalanced");

		@Bean
		Queue rebalanced() {
			return QUEUE;
		}

	}

}
