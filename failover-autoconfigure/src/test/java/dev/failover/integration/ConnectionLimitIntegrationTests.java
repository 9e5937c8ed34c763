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
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.amqp.rabbit.listener.RabbitListenerEndpointRegistry;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.broker.Activation;
import dev.failover.broker.BrokerState;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.EachRabbit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Limits on the connections to a virtual host: they are load, and no failure of a broker.
 */
@ParameterizedClass
@EachRabbit
@ExtendWith(OutputCaptureExtension.class)
class ConnectionLimitIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	private static final String WARNING = "refuses further connections because of a limit";

	@Parameter
	private String version;

	@North
	private RabbitNode first;

	@South
	private RabbitNode second;

	private static void limit(RabbitNode node, int connections) {
		node.evaluate("ok = rabbit_vhost_limit:set(<<\"%s\">>, [{<<\"max-connections\">>, %d}], <<\"tests\">>)."
			.formatted(node.virtualHost(), connections));
	}

	@Test
	void activeBrokerStaysActiveWhenItRefusesAFurtherConnection() {
		try (ConfigurableApplicationContext context = run("spring.rabbitmq.listener.simple.auto-startup=false")) {
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			Brokers brokers = context.getBean(Brokers.class);
			template.convertAndSend(Orders.QUEUE, "first");
			Activation active = brokers.getActivation();
			RabbitNode node = Applications.node(active.broker(), this.first, this.second);
			limit(node, 1);
			Orders orders = context.getBean(Orders.class);
			orders.startListener(context);
			await().during(Duration.ofSeconds(5)).atMost(PATIENCE).until(() -> {
				template.convertAndSend(Orders.QUEUE, "meanwhile");
				return active.equals(brokers.getActivation()) && orders.handled.isEmpty();
			});
			limit(node, -1);
			await().atMost(PATIENCE).until(() -> orders.handled.contains("meanwhile"));
			assertThat(brokers.getActivation()).isEqualTo(active);
		}
	}

	@Test
	void standbyConnectionsGiveWayToThoseThatTheApplicationNeeds(CapturedOutput output) {
		limit(this.first, 2);
		limit(this.second, 2);
		try (ConfigurableApplicationContext context = run("failover.listener.brokers=all")) {
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			Brokers brokers = context.getBean(Brokers.class);
			Orders orders = context.getBean(Orders.class);
			template.convertAndSend(Orders.QUEUE, "first");
			Activation active = brokers.getActivation();
			await().atMost(PATIENCE).until(() -> output.getAll().contains(WARNING));
			await().during(Duration.ofSeconds(10)).atMost(PATIENCE).until(() -> {
				template.convertAndSend(Orders.QUEUE, "meanwhile");
				return brokers.getStatuses().stream().noneMatch(ConnectionLimitIntegrationTests::hasFailed);
			});
			assertThat(brokers.getActivation()).isEqualTo(active);
			await().atMost(PATIENCE).until(() -> orders.handled.contains("meanwhile"));
			assertThat(output.getAll().split(WARNING, -1)).as("one warning").hasSize(2);
		}
	}

	private static boolean hasFailed(BrokerStatus status) {
		return status.state() == BrokerState.DOWN || status.lastFailure() != null;
	}

	private ConfigurableApplicationContext run(String property) {
		return Applications.run(Orders.class, Applications.brokers(this.first, this.second),
				"failover.detection.probe-interval=200ms", "failover.detection.probe-timeout=5s",
				"failover.connect.race-delay=0", property);
	}

	@Configuration(proxyBeanMethods = false)
	static class Orders {

		static final String QUEUE = "limited";

		private final Set<String> handled = ConcurrentHashMap.newKeySet();

		@Bean
		Queue queue() {
			return new Queue(QUEUE, false);
		}

		@RabbitListener(id = QUEUE, queues = QUEUE)
		void handle(String order) {
			this.handled.add(order);
		}

		void startListener(ConfigurableApplicationContext context) {
			context.getBean(RabbitListenerEndpointRegistry.class).getListenerContainer(QUEUE).start();
		}

	}

}
