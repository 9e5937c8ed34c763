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

import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.springframework.context.ConfigurableApplicationContext;

import dev.failover.broker.BrokerEvent;
import dev.failover.test.RabbitCluster;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;
import dev.failover.test.junit.EachRabbit;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * An application is started whose broker is a node without the majority of its cluster,
 * and has queues that are new. RabbitMQ 4.3 answers to their declaration with the end of
 * the connection, after 30 seconds; RabbitMQ 3.10 declares them.
 */
@BrokerTest
@ParameterizedClass
@EachRabbit
class TopologyMinorityIntegrationTests {

	/**
	 * The broker answers in this time.
	 */
	private static final Duration TWO_ANSWERS = Duration.ofSeconds(70);

	/**
	 * RabbitMQ has stored what it was asked for in vain, and has not started it: the
	 * queues answer nobody until they are deleted.
	 */
	private static final Duration RECOVERY = Duration.ofSeconds(60);

	@Parameter
	private String version;

	private RabbitCluster cluster;

	@BeforeEach
	void formCluster() {
		this.cluster = RabbitCluster.builder()
			.nodes((node) -> node.version(this.version).configuration("cluster_name = minority"))
			.start();
		RabbitNode survivor = this.cluster.node(0);
		SickQueues.declare(survivor, SickQueues.SOUND);
		try (ConfigurableApplicationContext context = Applications.run(SickQueues.Sound.class,
				Applications.brokers(survivor))) {
			new SickQueues(context).assertSoundQueuesAreUsed("before");
		}
	}

	@AfterEach
	void endCluster() {
		this.cluster.close();
	}

	@Test
	void whatIsThereIsUsedWhileTheRestCannotBeDeclared() {
		RabbitNode survivor = this.cluster.node(0);
		List<RabbitNode> killed = this.cluster.leaveMinority(survivor);
		try (ConfigurableApplicationContext context = Applications.run(SickQueues.Shop.class,
				Applications.brokers(survivor))) {
			SickQueues queues = new SickQueues(context);
			queues.assertSoundQueuesAreUsed("in the minority");
			if (this.version.startsWith("4")) {
				List<BrokerEvent> losses = queues.losses();
				queues.assertPending(SickQueues.SICK);
				Object connection = queues.connection();
				Awaitility.await()
					.during(TWO_ANSWERS)
					.atMost(TWO_ANSWERS.multipliedBy(2))
					.until(() -> losses.isEmpty() && queues.connection().equals(connection));
				queues.assertSoundQueuesAreUsed("in the minority for long");
				queues.assertPending(SickQueues.SICK);
				killed.forEach(RabbitNode::start);
				queues.assertSoundQueuesAreUsed("with the majority");
				SickQueues.SICK.forEach((queue) -> survivor.run("rabbitmqctl", "delete_queue", queue));
				queues.awaitNothingPending(RECOVERY);
				assertThat(losses).isEmpty();
			}
			queues.awaitAllAreUsed("after all");
		}
	}

}
