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

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.springframework.amqp.core.Binding;
import org.springframework.amqp.core.BindingBuilder;
import org.springframework.amqp.core.Declarables;
import org.springframework.amqp.core.FanoutExchange;
import org.springframework.amqp.core.Queue;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.broker.BrokerState;
import dev.failover.broker.Brokers;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.FaultProxy;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.EachRabbit;

import static org.awaitility.Awaitility.await;

/**
 * A short memory alarm, and a user who may not publish to the default exchange. The way
 * to the broker that is blocked is so slow that the alarm is over when its end is waited
 * for.
 */
@ParameterizedClass
@EachRabbit
class AlarmPermissionsIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	private static final String USER = "narrow";

	@Parameter
	private String version;

	@North
	private RabbitNode first;

	@South
	private RabbitNode second;

	@AfterEach
	void clean() {
		this.first.clearMemoryAlarm();
		this.first.administration().deleteUser(USER);
		this.second.administration().deleteUser(USER);
	}

	@Test
	void brokerIsUsedAgainWhenTheAlarmIsOver() {
		addUser(this.first);
		addUser(this.second);
		try (FaultProxy way = FaultProxy.to(this.first);
				ConfigurableApplicationContext context = run(url(this.first, way.host(), way.port()),
						url(this.second, this.second.host(), this.second.port()))) {
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			Brokers brokers = context.getBean(Brokers.class);
			String blocked = brokers.getAll().get(0).name();
			template.convertAndSend(Orders.EXCHANGE, "", "before");
			this.first.raiseMemoryAlarm();
			template.convertAndSendAsync(Orders.EXCHANGE, "", "during the alarm");
			await().atMost(PATIENCE).until(() -> state(brokers, blocked) == BrokerState.BLOCKED);
			way.delay(Duration.ofMillis(500));
			await().atMost(PATIENCE)
				.until(() -> brokers.getActive() != null && !brokers.getActive().name().equals(blocked));
			this.first.clearMemoryAlarm();
			await().atMost(PATIENCE).until(() -> state(brokers, blocked) == BrokerState.UP);
		}
	}

	private static BrokerState state(Brokers brokers, String name) {
		return brokers.getStatus(name).orElseThrow().state();
	}

	private static void addUser(RabbitNode node) {
		node.administration().addUser(USER, USER);
		node.evaluate("""
				ok = rabbit_auth_backend_internal:set_permissions(<<"%s">>, <<"%s">>, <<"^orders.*">>,
					<<"^orders.*">>, <<"^orders.*">>, <<"test">>).""".formatted(USER, node.virtualHost()));
	}

	private static String url(RabbitNode node, String host, int port) {
		String virtualHost = node.virtualHost().replace("/", "%2F");
		return "amqp://%s:%s@%s:%d/%s".formatted(USER, USER, host, port, virtualHost);
	}

	private static ConfigurableApplicationContext run(String first, String second) {
		return Applications.run(Orders.class, "failover.brokers=" + first + ";" + second, "failover.standby=false",
				"failover.connect.timeout=30s", "failover.detection.probe-timeout=10s");
	}

	@Configuration(proxyBeanMethods = false)
	static class Orders {

		static final String EXCHANGE = "orders.exchange";

		@Bean
		Declarables orders() {
			Queue queue = new Queue("orders.alarm", false);
			FanoutExchange exchange = new FanoutExchange(EXCHANGE);
			Binding binding = BindingBuilder.bind(queue).to(exchange);
			return new Declarables(queue, exchange, binding);
		}

	}

}
