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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.springframework.amqp.core.Declarables;
import org.springframework.amqp.core.MessageListenerContainer;
import org.springframework.amqp.core.QueueBuilder;
import org.springframework.amqp.rabbit.annotation.EnableRabbit;
import org.springframework.amqp.rabbit.annotation.RabbitListenerConfigurer;
import org.springframework.amqp.rabbit.config.DirectRabbitListenerContainerFactory;
import org.springframework.amqp.rabbit.config.SimpleRabbitListenerEndpoint;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.listener.RabbitListenerContainerFactory;
import org.springframework.amqp.rabbit.listener.RabbitListenerEndpointRegistrar;
import org.springframework.amqp.rabbit.listener.RabbitListenerEndpointRegistry;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.context.event.EventListener;

import dev.failover.broker.Activation;
import dev.failover.broker.BrokerEvent;
import dev.failover.broker.Brokers;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitCluster;
import dev.failover.test.junit.BrokerTest;
import dev.failover.test.junit.EachRabbit;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * One quorum queue of ten has no member that runs, and its listener starts again and
 * again.
 */
@BrokerTest
@ParameterizedClass
@EachRabbit
class LeaderlessConsumersIntegrationTests {

	private static final Log logger = LogFactory.getLog(LeaderlessConsumersIntegrationTests.class);

	/**
	 * How long the queue is broken, in seconds.
	 */
	private static final int BROKEN = Integer.getInteger("failover.test.broken-seconds", 10);

	/**
	 * The nodes, this process and the load share the processors. Before the first try
	 * that fails, nobody knows that the queue is broken.
	 */
	private static final long OTHERS_GO_ON_WITHIN_MILLIS = 2000;

	private static final List<String> SIMPLE = names("simple");

	private static final List<String> DIRECT = names("direct");

	private static RabbitCluster cluster;

	@Parameter
	private String version;

	@BeforeParameterizedClassInvocation
	static void formCluster(String version) {
		cluster = RabbitCluster.builder().size(2).nodes((node) -> node.version(version)).start();
	}

	@AfterParameterizedClassInvocation
	static void endCluster() {
		if (cluster != null) {
			cluster.close();
		}
	}

	@AfterEach
	void deleteQueues() {
		Stream.of(SIMPLE, DIRECT)
			.flatMap(List::stream)
			.forEach((queue) -> QueueOnBroker.delete(queue, cluster.node(0)));
	}

	@Test
	void otherListenersGoOnWhenASimpleContainerCannotConsume() throws Exception {
		breakQueue(SIMPLE.get(0));
	}

	@Test
	void otherListenersGoOnWhenADirectContainerCannotConsume() throws Exception {
		breakQueue(DIRECT.get(0));
	}

	private static List<String> names(String prefix) {
		return IntStream.range(0, 5).mapToObj((index) -> prefix + "-" + index).toList();
	}

	private void breakQueue(String broken) throws Exception {
		try (ConfigurableApplicationContext context = Applications.run(Shop.class,
				Applications.brokers(cluster.node(0), cluster.node(1)), "failover.listener.brokers=active")) {
			Shop shop = context.getBean(Shop.class);
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			MessageListenerContainer listener = context.getBean(RabbitListenerEndpointRegistry.class)
				.getListenerContainer(broken);
			AtomicInteger opened = new AtomicInteger();
			context.getBean(ConnectionFactory.class).addConnectionListener((connection) -> opened.incrementAndGet());
			List<String> others = shop.gaps.keySet().stream().filter((queue) -> !queue.equals(broken)).toList();
			template.convertAndSend(broken, "before");
			shop.gaps.get(broken).await(1);
			shop.gaps.get(broken).startOver();
			try (SteadyLoad load = SteadyLoad.start(template, others, 9 * 50)) {
				others.forEach((queue) -> shop.gaps.get(queue).await(50));
				cluster.stopMembers(broken);
				Activation active = context.getBean(Brokers.class).getActivation();
				listener.stop();
				shop.events.clear();
				opened.set(0);
				others.forEach((queue) -> shop.gaps.get(queue).startOver());
				listener.start();
				others.forEach((queue) -> shop.gaps.get(queue).await(50 * BROKEN, Duration.ofSeconds(100 + BROKEN)));
				long longest = others.stream().mapToLong((queue) -> shop.gaps.get(queue).longest()).max().orElseThrow();
				logger.info("%s, %s: longest gap of the other listeners in %d s: %d ms, connections opened again: %d"
					.formatted(this.version, broken, BROKEN, longest, opened.get()));
				cluster.startMembers(broken);
				template.convertAndSend(broken, "after");
				shop.gaps.get(broken).await(1);
				load.end();
				assertThat(load.errors()).isEmpty();
				assertThat(longest).isLessThan(OTHERS_GO_ON_WITHIN_MILLIS);
				assertThat(shop.events).noneMatch(BrokerEvent.Lost.class::isInstance);
				assertThat(context.getBean(Brokers.class).getActivation()).isEqualTo(active);
			}
		}
	}

	@Configuration(proxyBeanMethods = false)
	@Import(Infrastructure.class)
	static class Shop implements RabbitListenerConfigurer {

		final List<BrokerEvent> events = new CopyOnWriteArrayList<>();

		final Map<String, ConfirmGaps> gaps = new LinkedHashMap<>();

		private final RabbitListenerContainerFactory<?> simple;

		private final RabbitListenerContainerFactory<?> direct;

		Shop(@Qualifier("rabbitListenerContainerFactory") RabbitListenerContainerFactory<?> simple,
				@Qualifier("directFactory") RabbitListenerContainerFactory<?> direct) {
			this.simple = simple;
			this.direct = direct;
		}

		@EventListener
		void on(BrokerEvent event) {
			this.events.add(event);
		}

		@Override
		public void configureRabbitListeners(RabbitListenerEndpointRegistrar registrar) {
			SIMPLE.forEach((queue) -> registrar.registerEndpoint(endpoint(queue), this.simple));
			DIRECT.forEach((queue) -> registrar.registerEndpoint(endpoint(queue), this.direct));
		}

		private SimpleRabbitListenerEndpoint endpoint(String queue) {
			ConfirmGaps gaps = new ConfirmGaps();
			this.gaps.put(queue, gaps);
			SimpleRabbitListenerEndpoint endpoint = new SimpleRabbitListenerEndpoint();
			endpoint.setId(queue);
			endpoint.setQueueNames(queue);
			endpoint.setMessageListener((message) -> gaps.tick());
			return endpoint;
		}

	}

	@Configuration(proxyBeanMethods = false)
	@EnableRabbit
	static class Infrastructure {

		@Bean
		DirectRabbitListenerContainerFactory directFactory(ConnectionFactory connectionFactory) {
			DirectRabbitListenerContainerFactory factory = new DirectRabbitListenerContainerFactory();
			factory.setConnectionFactory(connectionFactory);
			return factory;
		}

		@Bean
		Declarables queues() {
			return new Declarables(Stream.concat(SIMPLE.stream(), DIRECT.stream())
				.map((queue) -> QueueBuilder.durable(queue).quorum().build())
				.toList());
		}

	}

}
