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

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.stream.Stream;

import com.rabbitmq.client.MessageProperties;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

import dev.failover.broker.BrokerEvent;
import dev.failover.broker.BrokerListener;
import dev.failover.broker.Brokers;
import dev.failover.broker.EventStage;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;
import dev.failover.test.junit.EachRabbit;
import dev.failover.test.junit.Rabbit;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * One queue takes no messages, while its node serves all others.
 */
@BrokerTest
@ParameterizedClass
@EachRabbit
class StalledConnectionIntegrationTests {

	/**
	 * Three times what is promised.
	 */
	private static final long OTHERS_GO_ON_WITHIN_MILLIS = 300;

	/**
	 * Three times what is promised where RabbitMQ reads nothing from the connection.
	 */
	private static final long ON_ANOTHER_CONNECTION_WITHIN_MILLIS = 3000;

	private static final Log logger = LogFactory.getLog(StalledConnectionIntegrationTests.class);

	private static final List<String> SILENT = List.of("silent");

	private static final List<String> OTHERS = List.of("other-1", "other-2", "other-3", "other-4", "other-5");

	@Parameter
	private String version;

	@Test
	void queueThatDiesBetweenTwoOfManyMessagesStallsNothing(@Rabbit RabbitNode node) throws Exception {
		assertOthersGoOn(node, 3000, (template) -> {
		}, OTHERS_GO_ON_WITHIN_MILLIS);
	}

	/**
	 * Other code of the application floods the queue on the connection on which messages
	 * are published.
	 */
	@Test
	void connectionThatIsNotReadHoldsUpNoOtherQueue(@Rabbit RabbitNode node) throws Exception {
		assertOthersGoOn(node, 100, (template) -> template.execute((channel) -> {
			for (int i = 0; i < 1500; i++) {
				channel.basicPublish("", SILENT.get(0), MessageProperties.PERSISTENT_BASIC, new byte[10]);
			}
			return null;
		}), ON_ANOTHER_CONNECTION_WITHIN_MILLIS);
	}

	private void assertOthersGoOn(RabbitNode node, int perSecond, Consumer<FailoverTemplate> flood, long withinMillis)
			throws Exception {
		SickQueues.declare(node, Stream.concat(SILENT.stream(), OTHERS.stream()).toList());
		Map<String, SteadyLoad> loads = new HashMap<>();
		try (ConfigurableApplicationContext context = Applications.run(Shop.class, Applications.brokers(node))) {
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			loads.put(SILENT.get(0), SteadyLoad.start(template, List.of(SILENT.get(0)), perSecond));
			OTHERS.forEach((queue) -> loads.put(queue, SteadyLoad.start(template, List.of(queue), 100)));
			try {
				loads.values().forEach((load) -> load.awaitConfirmed(200));
				List<BrokerEvent> events = listen(context.getBean(Brokers.class));
				SickQueues.suspend(node, SILENT);
				loads.values().forEach(SteadyLoad::startOver);
				flood.accept(template);
				OTHERS.forEach((queue) -> loads.get(queue).awaitConfirmed(300));
				long gap = OTHERS.stream().mapToLong((queue) -> loads.get(queue).longestGap()).max().orElseThrow();
				SickQueues.resume(node, SILENT);
				loads.get(SILENT.get(0)).awaitConfirmed(100);
				for (SteadyLoad load : loads.values()) {
					load.end();
				}
				logger.info("RabbitMQ %s: longest gap of the others %d ms".formatted(this.version, gap));
				assertThat(loads.values()).allSatisfy((load) -> assertThat(load.errors()).isEmpty());
				assertThat(events).noneMatch(
						(event) -> event instanceof BrokerEvent.Lost || event instanceof BrokerEvent.StateChanged);
				assertThat(gap).isLessThan(withinMillis);
			}
			finally {
				loads.values().forEach(SteadyLoad::close);
			}
		}
	}

	private static List<BrokerEvent> listen(Brokers brokers) {
		List<BrokerEvent> events = new CopyOnWriteArrayList<>();
		BrokerListener listener = events::add;
		brokers.addListener(listener, EventStage.CONNECTIONS);
		return events;
	}

	@Configuration(proxyBeanMethods = false)
	static class Shop {

	}

}
