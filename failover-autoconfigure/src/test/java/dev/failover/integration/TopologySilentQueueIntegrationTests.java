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

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.springframework.context.ConfigurableApplicationContext;

import dev.failover.broker.BrokerEvent;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;
import dev.failover.test.junit.EachRabbit;
import dev.failover.test.junit.Rabbit;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The processes of some queues of an application do not answer, while their node does.
 */
@BrokerTest
@ParameterizedClass
@EachRabbit
class TopologySilentQueueIntegrationTests {

	private static final Log logger = LogFactory.getLog(TopologySilentQueueIntegrationTests.class);

	private static final Duration LONGEST_GAP = Duration.ofSeconds(3);

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	@Parameter
	private String version;

	@Test
	void startIsNotHeldUp(@Rabbit RabbitNode node) {
		SickQueues.declare(node, SickQueues.SICK);
		SickQueues.suspend(node, SickQueues.SICK);
		try (ConfigurableApplicationContext context = Applications.run(SickQueues.Shop.class,
				Applications.brokers(node))) {
			assertGoesOnAndRecovers(new SickQueues(context), node);
		}
	}

	@Test
	void failoverIsNotHeldUp(@Rabbit RabbitNode first, @Rabbit RabbitNode second) throws Exception {
		SickQueues.declare(second, SickQueues.SICK);
		SickQueues.suspend(second, SickQueues.SICK);
		try (ConfigurableApplicationContext context = Applications.run(SickQueues.Shop.class,
				Applications.brokers(first, second), "failover.standby=false", "failover.strategy=priority",
				"failover.listener.brokers=active");
				SteadyLoad load = SteadyLoad.start(context.getBean(FailoverTemplate.class),
						List.of(SickQueues.SOUND.get(2)), 500)) {
			SickQueues queues = new SickQueues(context);
			queues.awaitAllAreUsed("before");
			List<BrokerEvent> losses = queues.losses();
			load.awaitConfirmed(500);
			load.startOver();
			first.kill();
			load.awaitConfirmed(1000);
			load.end();
			logger.info("RabbitMQ %s: failover within %d ms".formatted(this.version, load.longestGap()));
			assertThat(load.errors()).isEmpty();
			assertThat(load.longestGap()).isLessThan(LONGEST_GAP.toMillis());
			assertGoesOnAndRecovers(queues, second);
			assertThat(losses).hasSize(1);
		}
	}

	private static void assertGoesOnAndRecovers(SickQueues queues, RabbitNode node) {
		List<BrokerEvent> losses = queues.losses();
		queues.assertSoundQueuesAreUsed("while others do not answer");
		queues.assertPending(SickQueues.SICK);
		SickQueues.resume(node, SickQueues.SICK);
		queues.awaitNothingPending(PATIENCE);
		queues.awaitAllAreUsed("when they answer");
		assertThat(losses).isEmpty();
	}

}
