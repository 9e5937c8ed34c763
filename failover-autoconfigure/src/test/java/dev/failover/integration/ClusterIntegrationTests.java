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
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.core.Declarables;
import org.springframework.amqp.core.QueueBuilder;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;
import dev.failover.test.junit.Rabbit;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A cluster of three nodes with quorum queues under load: all nodes are restarted one
 * after the other, or the one is lost that leads the queues.
 */
@BrokerTest
class ClusterIntegrationTests {

	private static final Log logger = LogFactory.getLog(ClusterIntegrationTests.class);

	private static final Duration PATIENCE = Duration.ofSeconds(90);

	private static final ConsumerVariant SIMPLE = new ConsumerVariant(ConsumerVariant.Container.SIMPLE,
			ConsumerVariant.Acknowledgement.AUTOMATIC, 250, 4);

	private static final ConsumerVariant DIRECT = new ConsumerVariant(ConsumerVariant.Container.DIRECT,
			ConsumerVariant.Acknowledgement.MANUAL, 250, 4);

	private static final List<String> QUEUES = List.of(SIMPLE.queue(), DIRECT.queue());

	@Rabbit(name = "one", user = "app", password = "secret", virtualHost = "orders")
	private RabbitNode one;

	@Rabbit(name = "two", user = "app", password = "secret", virtualHost = "orders")
	private RabbitNode two;

	@Rabbit(name = "three", user = "app", password = "secret", virtualHost = "orders")
	private RabbitNode three;

	private List<RabbitNode> nodes;

	@BeforeEach
	void formCluster() {
		this.two.administration().join(this.one);
		this.three.administration().join(this.one);
		this.nodes = List.of(this.one, this.two, this.three);
	}

	@Test
	void rollingRestartLosesNothingAndCausesNoError() throws Exception {
		try (ConfigurableApplicationContext context = Applications.run(Shop.class,
				Applications.brokers(this.one, this.two, this.three))) {
			Handled handled = context.getBean(Handled.class);
			long begin = System.nanoTime();
			SteadyLoad load = SteadyLoad.start(context.getBean(FailoverTemplate.class), QUEUES, 500);
			try (load) {
				awaitOnline(this.one);
				for (RabbitNode node : this.nodes) {
					node.stop();
					awaitProgress(load, handled);
					node.start();
					awaitOnline(node);
					awaitProgress(load, handled);
				}
				load.end();
			}
			Awaitility.await().atMost(PATIENCE).untilAsserted(() -> assertThat(handled.missing(load.sent())).isEmpty());
			logger.info("%d messages in %d s, %d handled twice".formatted(load.sent().size(),
					TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begin), handled.duplicates()));
			assertThat(load.errors()).isEmpty();
			assertThat(context.getBeansOfType(AbstractMessageListenerContainer.class).values()).hasSize(2)
				.allMatch(AbstractMessageListenerContainer::isRunning);
		}
	}

	/**
	 * A channel that publishes to a quorum queue while its leader is dead and no other is
	 * elected yet is told no for good: RabbitMQ asks the dead one each time.
	 */
	@Test
	void deathOfTheLeaderOfTheQueuesCausesNoError() throws Exception {
		loseLeader(RabbitNode::kill, RabbitNode::start);
	}

	/**
	 * The queues have no leader until the cluster has given up the one that is frozen.
	 */
	@Test
	void freezeOfTheLeaderOfTheQueuesCausesNoError() throws Exception {
		this.nodes.forEach((node) -> node.evaluate("net_kernel:set_net_ticktime(8, 0)."));
		loseLeader(RabbitNode::freeze, RabbitNode::thaw);
	}

	/**
	 * The active broker leads the queues, because they were declared there first.
	 */
	private void loseLeader(Consumer<RabbitNode> fault, Consumer<RabbitNode> end) throws Exception {
		try (ConfigurableApplicationContext context = Applications.run(Shop.class,
				Applications.brokers(this.one, this.two, this.three))) {
			Handled handled = context.getBean(Handled.class);
			SteadyLoad load = SteadyLoad.start(context.getBean(FailoverTemplate.class), QUEUES, 500);
			try (load) {
				RabbitNode leader = Applications.active(context, this.nodes);
				awaitOnline(leader);
				fault.accept(leader);
				awaitProgress(load, handled);
				end.accept(leader);
				load.end();
			}
			Awaitility.await().atMost(PATIENCE).untilAsserted(() -> assertThat(handled.missing(load.sent())).isEmpty());
			assertThat(load.errors()).isEmpty();
		}
	}

	/**
	 * Go on only when the node that was restarted takes part again: a quorum queue of
	 * three does not survive the loss of two.
	 */
	private void awaitOnline(RabbitNode asked) {
		Awaitility.await()
			.atMost(PATIENCE)
			.ignoreExceptions()
			.until(() -> QUEUES.stream().map((queue) -> online(asked, queue)).toList(),
					(online) -> online.stream().allMatch(Integer.toString(this.nodes.size())::equals));
	}

	private static String online(RabbitNode asked, String queue) {
		return asked.evaluate("""
				{ok, Q} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"%s">>, queue, <<"%s">>)),
				[{online, Online}] = rabbit_amqqueue:info(Q, [online]), length(Online).""".formatted("orders", queue));
	}

	/**
	 * Wait until messages that are sent from now on are confirmed and handled.
	 */
	private static void awaitProgress(SteadyLoad load, Handled handled) {
		int sent = load.sent().size();
		int count = handled.count();
		Awaitility.await()
			.atMost(PATIENCE)
			.until(() -> load.sent().size() > sent + 200 && handled.count() > count + 200);
	}

	@Configuration(proxyBeanMethods = false)
	static class Shop {

		@Bean
		Declarables queues() {
			return new Declarables(QUEUES.stream().map((name) -> QueueBuilder.durable(name).quorum().build()).toList());
		}

		@Bean
		Handled handled() {
			return new Handled();
		}

		@Bean
		AbstractMessageListenerContainer simple(ConnectionFactory connectionFactory, Handled handled) {
			return SIMPLE.create(connectionFactory, handled);
		}

		@Bean
		AbstractMessageListenerContainer direct(ConnectionFactory connectionFactory, Handled handled) {
			return DIRECT.create(connectionFactory, handled);
		}

	}

}
