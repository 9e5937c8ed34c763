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
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Tests what the log says when a broker is lost under load: what an operator needs, once.
 */
@BrokerTest
@ExtendWith(OutputCaptureExtension.class)
class QuietLossIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(30);

	@North
	private RabbitNode first;

	@South
	private RabbitNode second;

	@ParameterizedTest
	@ValueSource(strings = { "simple", "direct" })
	void isToldOnceWithoutAStackTrace(String type, CapturedOutput output) throws Exception {
		try (ConfigurableApplicationContext context = Applications.run(Orders.class,
				Applications.brokers(this.first, this.second), "spring.rabbitmq.listener.type=" + type);
				SteadyLoad load = SteadyLoad.start(context.getBean(FailoverTemplate.class), List.of(Orders.QUEUE),
						100)) {
			Orders orders = context.getBean(Orders.class);
			await().atMost(PATIENCE).until(() -> orders.handled.size() > 20);
			int before = output.length();
			Applications.active(context, this.first, this.second).kill();
			int handled = orders.handled.size();
			await().atMost(PATIENCE).until(() -> orders.handled.size() > handled + 100);
			load.end();
			String log = output.toString().substring(before);
			assertThat(log.lines().filter((line) -> line.contains(" WARN ") || line.contains(" ERROR ")))
				.singleElement()
				.asString()
				.containsPattern("Switched from broker .* to .* after \\d+ ms, as .* had failed: CONNECTION_LOST.*; "
						+ "(no message was in flight|\\d+ of \\d+ messages in flight were published again)");
			assertThat(log).doesNotContain("\tat ");
		}
	}

	@Configuration(proxyBeanMethods = false)
	static class Orders {

		static final String QUEUE = "orders";

		private final Set<String> handled = ConcurrentHashMap.newKeySet();

		@Bean
		Queue orders() {
			return new Queue(QUEUE);
		}

		@RabbitListener(queues = QUEUE)
		void on(String order) {
			this.handled.add(order);
		}

	}

}
