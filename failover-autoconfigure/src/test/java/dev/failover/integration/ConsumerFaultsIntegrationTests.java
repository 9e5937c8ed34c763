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
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.amqp.core.Declarables;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.beans.factory.support.BeanDefinitionRegistryPostProcessor;
import org.springframework.beans.factory.support.RootBeanDefinition;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.util.StringUtils;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerEvent;
import dev.failover.broker.BrokerListener;
import dev.failover.broker.Brokers;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.FaultProxy;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.EachRabbit;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Consumers of every kind, under load, while their broker fails in every way, again and
 * again. By default, one round of every fault, each with one type of container; with the
 * system property {@code failover.test.rounds} so many rounds of every fault with both,
 * or of one fault alone with {@code failover.test.fault}. All kinds of acknowledgement
 * are in one application, or each in one of its own with {@code failover.test.apart}.
 */
@ParameterizedClass
@EachRabbit
class ConsumerFaultsIntegrationTests {

	private static final Log logger = LogFactory.getLog(ConsumerFaultsIntegrationTests.class);

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	private static final @Nullable Integer EXTENT = Integer.getInteger("failover.test.rounds");

	private static final @Nullable String FAULT = System.getProperty("failover.test.fault");

	private static final boolean APART = Boolean.getBoolean("failover.test.apart");

	private static final long LATE_MILLIS = 150;

	/**
	 * What the README promises for a broker that is frozen or unreachable, the slowest to
	 * be noticed.
	 */
	private static final Duration IS_LEFT = Duration.ofMillis(1500);

	/**
	 * The longest back-off of a container that has found no broker.
	 */
	private static final Duration RETRY = Duration.ofSeconds(2);

	private static final int ROUNDS = (EXTENT != null) ? EXTENT : 1;

	@Parameter
	private String version;

	@North
	private RabbitNode first;

	@South
	private RabbitNode second;

	private FaultProxy toFirst;

	private FaultProxy toSecond;

	@BeforeEach
	void openProxies() {
		this.toFirst = FaultProxy.to(this.first);
		this.toSecond = FaultProxy.to(this.second);
	}

	@AfterEach
	void closeProxies() {
		this.toFirst.close();
		this.toSecond.close();
	}

	@ParameterizedTest
	@MethodSource("cells")
	void everyContainerConsumesAgainAndEveryMessageIsHandled(ConsumerVariant.Container container, Fault fault,
			Set<ConsumerVariant.Acknowledgement> acknowledgements) throws Exception {
		List<ConsumerVariant> variants = ConsumerVariant.all(container, acknowledgements);
		List<String> queues = variants.stream().map(ConsumerVariant::queue).toList();
		Handled handled = new Handled();
		Set<String> sent;
		List<Long> sinceSwitch = new ArrayList<>();
		List<Long> sinceFault = new ArrayList<>();
		try (ConfigurableApplicationContext context = run(container, fault, acknowledgements, "active")) {
			handled = context.getBean(Handled.class);
			SteadyLoad load = SteadyLoad.start(context.getBean(FailoverTemplate.class), queues, 400);
			try (load) {
				for (int round = 0; round < ROUNDS; round++) {
					strike(context, fault, queues, sinceSwitch, sinceFault);
				}
				load.end();
			}
			assertThat(load.errors()).isEmpty();
			assertThat(context.getBeansOfType(AbstractMessageListenerContainer.class).values()).hasSize(variants.size())
				.allMatch(AbstractMessageListenerContainer::isRunning);
			sent = load.sent();
		}
		awaitRest(container, fault, acknowledgements, handled, mustBeHandled(variants, sent));
		logger.info("%s %s %s: %d rounds, %d sent, %d handled twice, %d lost without acknowledgement; %s; %s".formatted(
				container, fault, acknowledgements, ROUNDS, sent.size(), handled.duplicates(),
				handled.missing(sent).size(), describe("since the switch", sinceSwitch),
				describe("since the fault", sinceFault)));
		assertThat(sinceSwitch).as("milliseconds since the switch").allMatch((millis) -> millis < 3 * RETRY.toMillis());
		assertThat(sinceFault).as("milliseconds since the fault")
			.allMatch((millis) -> millis < 3 * IS_LEFT.plus(RETRY).toMillis());
	}

	static Stream<Arguments> cells() {
		return Arrays.stream(Fault.values())
			.filter((fault) -> FAULT == null || FAULT.equals(fault.name()))
			.flatMap((fault) -> Arrays.stream(ConsumerVariant.Container.values())
				.filter((container) -> EXTENT != null || container.ordinal() == fault.ordinal() % 2)
				.flatMap(
						(container) -> acknowledgements().map((together) -> Arguments.of(container, fault, together))));
	}

	private static Stream<Set<ConsumerVariant.Acknowledgement>> acknowledgements() {
		Set<ConsumerVariant.Acknowledgement> all = EnumSet.allOf(ConsumerVariant.Acknowledgement.class);
		return APART ? all.stream().map(Set::of) : Stream.of(all);
	}

	private void strike(ConfigurableApplicationContext context, Fault fault, List<String> queues,
			List<Long> sinceSwitch, List<Long> sinceFault) {
		Handled handled = context.getBean(Handled.class);
		Brokers brokers = context.getBean(Brokers.class);
		Broker left = awaitConsumed(handled, queues, brokers, null);
		List<Long> switches = Collections.synchronizedList(new ArrayList<>());
		BrokerListener listener = (event) -> {
			if (event instanceof BrokerEvent.Activated) {
				switches.add(System.nanoTime());
			}
		};
		brokers.addListener(listener);
		Applications.writeQueues(this.first, this.second);
		boolean isFirst = isFirst(left);
		if (fault != Fault.ALARM) {
			leaveMessages(isFirst ? this.second : this.first, queues);
		}
		handled.forgetFirsts();
		RabbitNode node = isFirst ? this.first : this.second;
		FaultProxy proxy = isFirst ? this.toFirst : this.toSecond;
		long struck = System.nanoTime();
		fault.begin.accept(node, proxy);
		try {
			Broker active = awaitConsumed(handled, queues, brokers, left);
			Awaitility.await().atMost(PATIENCE).until(() -> !switches.isEmpty());
			for (String queue : queues) {
				long first = handled.firstNanos(queue, active.port());
				long millis = TimeUnit.NANOSECONDS.toMillis(first - switches.get(switches.size() - 1));
				if (millis > LATE_MILLIS) {
					logger.info("%s consumed again after %d ms, round %d".formatted(queue, millis,
							1 + sinceSwitch.size() / queues.size()));
				}
				sinceSwitch.add(millis);
				sinceFault.add(TimeUnit.NANOSECONDS.toMillis(first - struck));
			}
		}
		finally {
			brokers.removeListener(listener);
			fault.end.accept(node, proxy);
		}
	}

	/**
	 * Have a message wait in each queue of the broker that comes next: it is consumed as
	 * soon as the container is there, whenever the load is. Not after an alarm: the
	 * broker that was left may be drained still.
	 */
	private static void leaveMessages(RabbitNode node, List<String> queues) {
		for (String name : queues) {
			QueueOnBroker queue = new QueueOnBroker(node, name);
			queue.declare();
			queue.publish(name + "#left-" + System.nanoTime());
		}
	}

	private boolean isFirst(Broker broker) {
		return broker.port() == this.first.port() || broker.port() == this.toFirst.port();
	}

	/**
	 * Wait until all containers consume from the active broker.
	 * @param left the broker that was active, must not be it any more
	 */
	private static Broker awaitConsumed(Handled handled, List<String> queues, Brokers brokers, @Nullable Broker left) {
		return Awaitility.await()
			.atMost(PATIENCE)
			.pollInterval(Duration.ofMillis(20))
			.until(brokers::getActive, (active) -> active != null && !active.equals(left)
					&& queues.stream().allMatch((queue) -> handled.isConsumed(queue, active.port())));
	}

	/**
	 * Consume from both brokers what was left there.
	 */
	private void awaitRest(ConsumerVariant.Container container, Fault fault,
			Set<ConsumerVariant.Acknowledgement> acknowledgements, Handled handled, Set<String> sent) {
		try (ConfigurableApplicationContext context = run(container, fault, acknowledgements, "all")) {
			Handled rest = context.getBean(Handled.class);
			Awaitility.await()
				.atMost(PATIENCE)
				.untilAsserted(() -> assertThat(rest.missing(handled.missing(sent))).isEmpty());
		}
	}

	/**
	 * What is delivered to a consumer without acknowledgement is lost with it.
	 */
	private static Set<String> mustBeHandled(List<ConsumerVariant> variants, Set<String> sent) {
		Set<String> lossy = variants.stream()
			.filter(ConsumerVariant::mayLose)
			.map(ConsumerVariant::queue)
			.collect(Collectors.toSet());
		return sent.stream()
			.filter((message) -> !lossy.contains(message.substring(0, message.indexOf('#'))))
			.collect(Collectors.toSet());
	}

	private static String describe(String what, List<Long> millis) {
		List<Long> sorted = millis.stream().sorted().toList();
		int size = sorted.size();
		return "consumed again %s after %d ms (median), %d ms (95%%), %d ms (last)".formatted(what,
				sorted.get(size / 2), sorted.get(size * 95 / 100), sorted.get(size - 1));
	}

	private ConfigurableApplicationContext run(ConsumerVariant.Container container, Fault fault,
			Set<ConsumerVariant.Acknowledgement> acknowledgements, String brokers) {
		String urls = (fault == Fault.PARTITION)
				? "failover.brokers=" + Applications.through(this.toFirst, this.first) + ";"
						+ Applications.through(this.toSecond, this.second)
				: Applications.brokers(this.first, this.second);
		boolean silent = fault == Fault.FREEZE || fault == Fault.PARTITION;
		return Applications.run(Consumers.class, urls, "consumers.container=" + container,
				"consumers.acknowledgements=" + StringUtils.collectionToCommaDelimitedString(acknowledgements),
				"failover.listener.brokers=" + brokers, "failover.detection.success-threshold=1",
				"failover.detection.probe-timeout=" + (silent ? "500ms" : "5s"),
				"spring.rabbitmq.requested-heartbeat=120s");
	}

	enum Fault {

		KILL((node, proxy) -> node.kill(), (node, proxy) -> node.start()),

		FREEZE((node, proxy) -> node.freeze(), (node, proxy) -> node.thaw()),

		ALARM((node, proxy) -> node.raiseMemoryAlarm(), (node, proxy) -> node.clearMemoryAlarm()),

		PARTITION((node, proxy) -> proxy.blackHole(), (node, proxy) -> {
			proxy.cut();
			proxy.pass();
		});

		private final BiConsumer<RabbitNode, FaultProxy> begin;

		private final BiConsumer<RabbitNode, FaultProxy> end;

		Fault(BiConsumer<RabbitNode, FaultProxy> begin, BiConsumer<RabbitNode, FaultProxy> end) {
			this.begin = begin;
			this.end = end;
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Consumers {

		@Bean
		Handled handled() {
			return new Handled();
		}

		@Bean
		Declarables queues(Environment environment) {
			return new Declarables(variants(environment).stream().map(ConsumerVariant::queue).map(Queue::new).toList());
		}

		@Bean
		static BeanDefinitionRegistryPostProcessor containers(ApplicationContext context) {
			return (registry) -> variants(context.getEnvironment())
				.forEach((variant) -> register(registry, context, variant));
		}

		private static void register(BeanDefinitionRegistry registry, ApplicationContext context,
				ConsumerVariant variant) {
			RootBeanDefinition definition = new RootBeanDefinition(AbstractMessageListenerContainer.class,
					() -> variant.create(context.getBean(ConnectionFactory.class), context.getBean(Handled.class)));
			registry.registerBeanDefinition(variant.queue(), definition);
		}

		private static List<ConsumerVariant> variants(Environment environment) {
			return ConsumerVariant.all(
					environment.getRequiredProperty("consumers.container", ConsumerVariant.Container.class),
					List.of(environment.getRequiredProperty("consumers.acknowledgements",
							ConsumerVariant.Acknowledgement[].class)));
		}

	}

}
