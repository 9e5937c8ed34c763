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

import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.stream.Stream;

import com.rabbitmq.client.Channel;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.amqp.core.AcknowledgeMode;
import org.springframework.amqp.core.Declarables;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.core.QueueBuilder;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.DirectMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.ListenerContainerConsumerFailedEvent;
import org.springframework.amqp.rabbit.listener.SimpleMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.api.ChannelAwareBatchMessageListener;
import org.springframework.amqp.rabbit.listener.api.ChannelAwareMessageListener;
import org.springframework.beans.factory.support.BeanDefinitionRegistryPostProcessor;
import org.springframework.beans.factory.support.RootBeanDefinition;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.connection.PlannedMoves;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.FaultProxy;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.EachRabbit;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Consumers of every kind under load, while their application is moved and its brokers
 * fail, at random: nothing confirmed is lost, nothing is handled twice that was not in
 * hand when a broker was lost, nothing fails without a loss, and nothing is left over. By
 * default a few moves and faults; with the system property
 * {@code failover.test.chaos-seconds} as many as there is time for, and with
 * {@code failover.test.chaos-seed} others.
 */
@ParameterizedClass
@EachRabbit
class ChaosIntegrationTests {

	private static final Log logger = LogFactory.getLog(ChaosIntegrationTests.class);

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	private static final int PER_SECOND = 300;

	private static final int SECONDS = Integer.getInteger("failover.test.chaos-seconds", 6);

	private static final boolean LONG = SECONDS >= 60;

	private static final long SEED = Long.getLong("failover.test.chaos-seed", 1);

	/**
	 * Noise of the heap's size.
	 */
	private static final long HEAP_SLACK = 16L << 20;

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
	@MethodSource
	void nothingIsLostAndNothingIsLeftOver(String which) throws Exception {
		String brokers = LONG ? which : this.version.startsWith("4") ? "all" : "active";
		try (ConfigurableApplicationContext context = Applications.run(Consumers.class,
				"failover.brokers=" + Applications.through(this.toFirst, this.first) + ";"
						+ Applications.through(this.toSecond, this.second),
				"failover.listener.brokers=" + brokers, "failover.failback.enabled=false",
				"failover.detection.success-threshold=1")) {
			ChaosLedger ledger = context.getBean(ChaosLedger.class);
			context.addApplicationListener((ListenerContainerConsumerFailedEvent event) -> ledger.problem(event));
			Application application = new Application(context, ledger);
			Applications.writeQueues(this.first, this.second);
			ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
			CompletableFuture<?>[] last = { CompletableFuture.completedFuture(null) };
			List<String> done = new ArrayList<>();
			try {
				timer.scheduleAtFixedRate(() -> last[0] = send(context.getBean(FailoverTemplate.class), ledger), 0,
						1_000_000 / PER_SECOND, TimeUnit.MICROSECONDS);
				ledger.awaitProgress();
				application.move();
				application.move();
				Footprint before = footprintAtRest();
				SplittableRandom random = new SplittableRandom(Objects.hash(SEED, this.version, brokers));
				long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
				while (System.nanoTime() < end) {
					Action action = Action.values()[random.nextInt(Action.values().length)];
					done.add(action.name());
					logger.info("%s, after %d messages".formatted(action, ledger.count()));
					action.happen(this, application, random);
					ledger.awaitSent(random.nextInt(PER_SECOND));
				}
				timer.shutdown();
				assertThat(timer.awaitTermination(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
				last[0].get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
				handleRest(application);
				logger.info("%s, %s: %d messages, %s; %d losses, %d handled again, %d problems in them; %s, before %s"
					.formatted(this.version, brokers, ledger.count(), done, ledger.losses(), ledger.repeated(),
							ledger.problems(), footprint(), before));
				assertThat(ledger.failures()).as("failures of the sender").isEmpty();
				assertThat(ledger.repeatedWithoutLoss()).as("handled again without a loss").isEmpty();
				assertThat(ledger.problemsWithoutLoss()).as("problems without a loss").isEmpty();
				Awaitility.await()
					.atMost(PATIENCE)
					.untilAsserted(() -> assertThat(footprint()).satisfies(before::checkNotExceededBy));
			}
			finally {
				timer.shutdownNow();
			}
		}
	}

	/**
	 * In a short run, there is no time for both.
	 */
	static Stream<String> nothingIsLostAndNothingIsLeftOver() {
		return LONG ? Stream.of("active", "all") : Stream.of("either");
	}

	private static CompletableFuture<?> send(FailoverTemplate template, ChaosLedger ledger) {
		int number = ledger.next();
		Variant variant = Variant.ALL.get(ledger.queueOf(number));
		return template.convertAndSendAsync("", variant.queue(), String.valueOf(number))
			.whenComplete((confirmation, failure) -> {
				if (failure != null) {
					ledger.failed(failure);
				}
				else {
					ledger.confirmed(number);
				}
			});
	}

	/**
	 * Whoever consumes from the active broker alone goes to the other one for what is
	 * left there.
	 */
	private static void handleRest(Application application) throws Exception {
		for (int i = 0; i < 4 && !isHandled(application.ledger); i++) {
			application.move();
		}
		assertThat(application.ledger.missing(ChaosIntegrationTests::mustBeHandled)).isEmpty();
	}

	private static boolean isHandled(ChaosLedger ledger) {
		try {
			Awaitility.await()
				.atMost(Duration.ofSeconds(10))
				.until(() -> ledger.missing(ChaosIntegrationTests::mustBeHandled).isEmpty());
			return true;
		}
		catch (ConditionTimeoutException ex) {
			return false;
		}
	}

	/**
	 * What is delivered to a consumer without acknowledgement is lost with it.
	 */
	private static boolean mustBeHandled(int queue) {
		return Variant.ALL.get(queue).kind != Kind.NONE;
	}

	/**
	 * What was left is closed when its work has ended.
	 */
	private Footprint footprintAtRest() {
		Footprint[] last = { footprint() };
		int[] same = new int[1];
		Awaitility.await().atMost(PATIENCE).pollInterval(Duration.ofSeconds(1)).until(() -> {
			Footprint previous = last[0];
			last[0] = footprint();
			boolean equal = last[0].connections == previous.connections && last[0].channels == previous.channels;
			same[0] = equal ? same[0] + 1 : 0;
			return same[0] == 3;
		});
		return last[0];
	}

	private Footprint footprint() {
		System.gc();
		return new Footprint(sum("length(rabbit_networking:connections())."), sum("length(rabbit_channel:list())."),
				ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed());
	}

	private int sum(String expression) {
		return Stream.of(this.first, this.second)
			.mapToInt((node) -> Integer.parseInt(node.evaluate(expression).trim()))
			.sum();
	}

	private void lose(Application application, Runnable fault) {
		application.brokers().getAll().forEach(application::awaitUsable);
		ChaosLedger.Loss loss = application.ledger().lossBegins();
		fault.run();
		application.ledger().awaitProgress();
		application.brokers().getAll().forEach(application::awaitUsable);
		loss.ends();
	}

	private void lose(Application application, Broker broker, Consumer<Broker> begin, Consumer<Broker> end) {
		lose(application, () -> {
			begin.accept(broker);
			application.awaitLeft(broker);
			application.ledger().awaitProgress();
			end.accept(broker);
		});
	}

	private RabbitNode node(Broker broker) {
		return (broker.port() == this.toFirst.port()) ? this.first : this.second;
	}

	private FaultProxy proxy(Broker broker) {
		return (broker.port() == this.toFirst.port()) ? this.toFirst : this.toSecond;
	}

	/**
	 * What an application takes.
	 */
	record Footprint(int connections, int channels, long heap) {

		void checkNotExceededBy(Footprint other) {
			assertThat(other.connections).as("connections").isLessThanOrEqualTo(this.connections);
			assertThat(other.channels).as("channels").isLessThanOrEqualTo(this.channels);
			if (LONG) {
				assertThat(other.heap).as("bytes of heap").isLessThan(this.heap + HEAP_SLACK);
			}
		}

	}

	/**
	 * An application with two brokers.
	 */
	record Application(ConfigurableApplicationContext context, ChaosLedger ledger) {

		Brokers brokers() {
			return this.context.getBean(Brokers.class);
		}

		PlannedMoves moves() {
			return this.context.getBean(PlannedMoves.class);
		}

		Broker active() {
			return Awaitility.await().atMost(PATIENCE).until(() -> brokers().getActive(), (active) -> active != null);
		}

		Broker otherThan(Broker broker) {
			return brokers().getAll().stream().filter((each) -> !each.equals(broker)).findFirst().orElseThrow();
		}

		void move() throws Exception {
			awaitUsable(otherThan(active()));
			Applications.move(this.context);
		}

		/**
		 * A broker that fails again and again is held back, unless somebody enables it
		 * anew.
		 */
		void awaitUsable(Broker broker) {
			Awaitility.await().atMost(PATIENCE).until(() -> !broker.equals(brokers().getActive()) || isUsable(broker));
			if (!isUsable(broker)) {
				brokers().operations().enable(broker.name());
			}
			Awaitility.await().atMost(PATIENCE).until(() -> isUsable(broker));
		}

		private boolean isUsable(Broker broker) {
			BrokerStatus status = brokers().getStatus(broker.name()).orElseThrow();
			return status.state().isUsable() && status.isHealthy();
		}

		void awaitLeft(Broker broker) {
			Awaitility.await().atMost(PATIENCE).until(() -> {
				Broker active = brokers().getActive();
				return active != null && !active.equals(broker);
			});
		}

	}

	/**
	 * What happens to an application or its brokers.
	 */
	enum Action {

		MOVE((test, application, random) -> {
			application.move();
			application.ledger().awaitProgress();
		}),

		SEVERAL_MOVES((test, application, random) -> {
			application.awaitUsable(application.otherThan(application.active()));
			for (int i = 0; i < 4; i++) {
				Applications.move(application.context());
				application.ledger().awaitSent(random.nextInt(20));
			}
			application.ledger().awaitProgress();
		}),

		DISABLE((test, application, random) -> {
			Broker left = application.active();
			application.awaitUsable(application.otherThan(left));
			application.moves().disable(left.name()).get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
			application.ledger().awaitProgress();
			application.brokers().operations().enable(left.name());
		}),

		KILL(leaving((test, broker) -> test.node(broker).kill(), (test, broker) -> test.node(broker).start())),

		KILL_IN_A_MOVE((test, application, random) -> {
			Broker from = application.active();
			Broker to = application.otherThan(from);
			test.lose(application, random.nextBoolean() ? from : to, (broker) -> {
				application.moves().activate(to.name());
				application.ledger().awaitSent(random.nextInt(6));
				test.node(broker).kill();
			}, (broker) -> test.node(broker).start());
		}),

		FREEZE(leaving((test, broker) -> test.node(broker).freeze(), (test, broker) -> test.node(broker).thaw())),

		ALARM(leaving((test, broker) -> test.node(broker).raiseMemoryAlarm(),
				(test, broker) -> test.node(broker).clearMemoryAlarm())),

		SILENCE(leaving((test, broker) -> test.proxy(broker).blackHole(), (test, broker) -> {
			test.proxy(broker).cut();
			test.proxy(broker).pass();
		})),

		/**
		 * The application may connect to the same broker again.
		 */
		CUT((test, application, random) -> test.lose(application, () -> test.proxy(application.active()).cut()));

		private final Happening happening;

		Action(Happening happening) {
			this.happening = happening;
		}

		/**
		 * The active broker cannot be used for a while.
		 */
		private static Happening leaving(BiConsumer<ChaosIntegrationTests, Broker> begin,
				BiConsumer<ChaosIntegrationTests, Broker> end) {
			return (test, application, random) -> test.lose(application, application.active(),
					(broker) -> begin.accept(test, broker), (broker) -> end.accept(test, broker));
		}

		void happen(ChaosIntegrationTests test, Application application, SplittableRandom random) throws Exception {
			this.happening.happen(test, application, random);
		}

	}

	/**
	 * Something that happens.
	 */
	@FunctionalInterface
	private interface Happening {

		void happen(ChaosIntegrationTests test, Application application, SplittableRandom random) throws Exception;

	}

	/**
	 * How messages are acknowledged.
	 */
	enum Kind {

		AUTOMATIC, MANUAL, LATE, NONE, TRANSACTED, BATCH

	}

	/**
	 * One way to consume.
	 */
	record Variant(boolean direct, Kind kind) {

		static final List<Variant> ALL = Stream.of(true, false)
			.flatMap((isDirect) -> Arrays.stream(Kind.values()).map((each) -> new Variant(isDirect, each)))
			.filter((variant) -> !(variant.direct() && variant.kind() == Kind.BATCH))
			.toList();

		String queue() {
			return "chaos-%s-%s".formatted(this.direct ? "direct" : "simple", this.kind).toLowerCase();
		}

		Queue declaration() {
			return this.direct ? QueueBuilder.durable(queue()).quorum().build() : new Queue(queue());
		}

		AbstractMessageListenerContainer create(ConnectionFactory connectionFactory, ChaosLedger ledger,
				ScheduledExecutorService later) {
			AbstractMessageListenerContainer container = this.direct ? createDirect() : createSimple();
			container.setConnectionFactory(connectionFactory);
			container.setQueueNames(queue());
			container.setPrefetchCount(50);
			container.setChannelTransacted(this.kind == Kind.TRANSACTED);
			container.setAcknowledgeMode(switch (this.kind) {
				case MANUAL, LATE -> AcknowledgeMode.MANUAL;
				case NONE -> AcknowledgeMode.NONE;
				default -> AcknowledgeMode.AUTO;
			});
			container.setErrorHandler(ledger::problem);
			if (this.kind == Kind.BATCH) {
				container.setMessageListener((ChannelAwareBatchMessageListener) (messages, channel) -> messages
					.forEach((message) -> handle(message, ledger)));
			}
			else {
				container.setMessageListener((ChannelAwareMessageListener) (message, channel) -> {
					handle(message, ledger);
					acknowledge(message, channel, ledger, later);
				});
			}
			return container;
		}

		private AbstractMessageListenerContainer createDirect() {
			DirectMessageListenerContainer container = new DirectMessageListenerContainer();
			container.setConsumersPerQueue(2);
			return container;
		}

		private AbstractMessageListenerContainer createSimple() {
			SimpleMessageListenerContainer container = new SimpleMessageListenerContainer();
			container.setConcurrentConsumers(2);
			if (this.kind == Kind.BATCH) {
				container.setConsumerBatchEnabled(true);
				container.setBatchSize(10);
				container.setBatchReceiveTimeout(50);
			}
			return container;
		}

		private static void handle(Message message, ChaosLedger ledger) {
			ledger.handled(Integer.parseInt(new String(message.getBody())));
		}

		private void acknowledge(Message message, Channel channel, ChaosLedger ledger, ScheduledExecutorService later)
				throws Exception {
			long tag = message.getMessageProperties().getDeliveryTag();
			if (this.kind == Kind.MANUAL) {
				channel.basicAck(tag, false);
			}
			else if (this.kind == Kind.LATE) {
				later.schedule(() -> {
					try {
						channel.basicAck(tag, false);
					}
					catch (Exception ex) {
						ledger.problem(ex);
					}
				}, 20, TimeUnit.MILLISECONDS);
			}
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Consumers {

		@Bean
		ChaosLedger ledger() {
			return new ChaosLedger(Variant.ALL.size(), PER_SECOND * (SECONDS + 600) * 2);
		}

		@Bean(destroyMethod = "shutdownNow")
		ScheduledExecutorService later() {
			return Executors.newSingleThreadScheduledExecutor();
		}

		@Bean
		Declarables queues() {
			return new Declarables(Variant.ALL.stream().map(Variant::declaration).toList());
		}

		@Bean
		static BeanDefinitionRegistryPostProcessor containers(ApplicationContext context) {
			return (registry) -> Variant.ALL.forEach((variant) -> registry.registerBeanDefinition(variant.queue(),
					new RootBeanDefinition(AbstractMessageListenerContainer.class,
							() -> variant.create(context.getBean(ConnectionFactory.class),
									context.getBean(ChaosLedger.class),
									context.getBean(ScheduledExecutorService.class)))));
		}

	}

}
