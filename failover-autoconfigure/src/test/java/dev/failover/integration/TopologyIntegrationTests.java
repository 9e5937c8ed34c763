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
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.amqp.AmqpException;
import org.springframework.amqp.core.AmqpAdmin;
import org.springframework.amqp.core.AnonymousQueue;
import org.springframework.amqp.core.Binding;
import org.springframework.amqp.core.BindingBuilder;
import org.springframework.amqp.core.CustomExchange;
import org.springframework.amqp.core.DeclarableCustomizer;
import org.springframework.amqp.core.Declarables;
import org.springframework.amqp.core.DirectExchange;
import org.springframework.amqp.core.FanoutExchange;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.core.RabbitAdmin;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

import dev.failover.broker.BrokerEvent;
import dev.failover.broker.BrokerFailure;
import dev.failover.broker.BrokerState;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.broker.FailureReason;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;
import dev.failover.test.junit.EachRabbit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Tests that a broker takes traffic only when the topology of the application is declared
 * on it.
 */
@BrokerTest
class TopologyIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(30);

	@North
	private RabbitNode first;

	@South
	private RabbitNode second;

	@Test
	void brokerThatRefusesAQueueIsKeptOutUntilTheQueueIsMended() {
		QueueOnBroker different = new QueueOnBroker(this.first, Shop.QUEUE);
		different.declareTransient();
		try (ConfigurableApplicationContext context = run(Shop.class)) {
			Brokers brokers = context.getBean(Brokers.class);
			List<BrokerEvent> activations = activations(brokers);
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			template.convertAndSend(Shop.EXCHANGE, "new", "message");
			assertThat(brokers.getActive()).isEqualTo(brokers.getAll().get(1));
			BrokerStatus status = brokers.getStatuses().get(0);
			assertThat(status.state()).isEqualTo(BrokerState.DOWN);
			assertThat(status.lastFailure()).isNotNull();
			assertThat(status.lastFailure().reason()).isEqualTo(FailureReason.NOT_PREPARED);
			assertThat(status.lastFailure().description()).contains("Queue 'orders'", status.broker().name(), "406");
			staysDown(brokers);
			different.delete();
			Awaitility.await()
				.atMost(PATIENCE)
				.untilAsserted(() -> assertThat(brokers.getStatuses().get(0).state()).isEqualTo(BrokerState.UP));
			assertThat(different.exists()).isTrue();
			assertThat(activations).hasSize(1);
		}
	}

	private static void staysDown(Brokers brokers) {
		Awaitility.await()
			.during(Duration.ofSeconds(2))
			.atMost(Duration.ofSeconds(5))
			.until(() -> brokers.getStatuses().get(0).state() == BrokerState.DOWN);
	}

	@Test
	void errorTellsWhatEachBrokerRefused() {
		tellsWhatEachBrokerRefused(Shop.class, "Queue 'orders' cannot be declared on broker '%s': 406");
	}

	@ParameterizedTest
	@EachRabbit
	void errorTellsThatTheTypeOfAnExchangeIsUnknown(String version) {
		String code = version.startsWith("3.") ? "503" : "406";
		tellsWhatEachBrokerRefused(UnknownExchangeType.class,
				"Exchange 'odd' cannot be declared on broker '%s': " + code);
	}

	private void tellsWhatEachBrokerRefused(Class<?> application, String refused) {
		new QueueOnBroker(this.first, Shop.QUEUE).declareTransient();
		new QueueOnBroker(this.second, Shop.QUEUE).declareTransient();
		try (ConfigurableApplicationContext context = run(application, "failover.ensure.timeout=2s")) {
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			assertThatExceptionOfType(AmqpException.class)
				.isThrownBy(() -> template.convertAndSend(Shop.EXCHANGE, "new", "message"))
				.withStackTraceContaining("cannot be declared");
			Brokers brokers = context.getBean(Brokers.class);
			assertThat(brokers.getStatuses()).allSatisfy((status) -> {
				BrokerFailure failure = status.lastFailure();
				assertThat(failure).isNotNull();
				assertThat(failure.reason()).isEqualTo(FailureReason.NOT_PREPARED);
				assertThat(failure.description()).contains(refused.formatted(status.broker().name()));
			});
			staysDown(brokers);
		}
	}

	@ParameterizedTest
	@ValueSource(classes = { IgnoringQueue.class, IgnoringAdmin.class })
	void refusalThatIsIgnoredKeepsNoBrokerOut(Class<?> application) {
		new QueueOnBroker(this.first, Shop.QUEUE).declareTransient();
		try (ConfigurableApplicationContext context = run(application)) {
			context.getBean(FailoverTemplate.class).convertAndSend("other", "message");
			Brokers brokers = context.getBean(Brokers.class);
			assertThat(brokers.getActive()).isEqualTo(brokers.getAll().get(0));
		}
		assertThat(new QueueOnBroker(this.first, "other").drain()).containsExactly("message");
	}

	@Test
	void onlyWhatAnAdminWouldDeclareIsDeclaredAndOnlyOnce() {
		try (ConfigurableApplicationContext context = run(Various.class, "failover.standby=false",
				"failover.listener.brokers=active")) {
			Various various = context.getBean(Various.class);
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			template.convertAndSend("mine", "before");
			Awaitility.await().atMost(PATIENCE).untilAsserted(() -> assertThat(various.received).contains("before"));
			Applications.writeQueues(this.first);
			various.customized.set(0);
			this.first.kill();
			template.convertAndSend("mine", "after");
			Awaitility.await().atMost(PATIENCE).untilAsserted(() -> assertThat(various.received).contains("after"));
			assertThat(various.customized).hasValue(2);
			assertThat(new QueueOnBroker(this.second, "mine").exists()).isTrue();
			assertThat(new QueueOnBroker(this.second, "of-the-other-admin").exists()).isTrue();
			assertThat(new QueueOnBroker(this.second, "not-to-declare").exists()).isFalse();
		}
	}

	@Test
	void nothingIsLeftToDeclareWhenStandbyConnectionsAreTaken() {
		try (ConfigurableApplicationContext context = run(Various.class)) {
			Various various = context.getBean(Various.class);
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			template.convertAndSend("mine", "before");
			Awaitility.await().atMost(PATIENCE).until(() -> this.second.administration().connectionCount() >= 2);
			AtomicInteger last = new AtomicInteger();
			Awaitility.await()
				.atMost(PATIENCE)
				.pollInterval(Duration.ofSeconds(1))
				.until(() -> last.getAndSet(various.customized.get()) == various.customized.get());
			Applications.writeQueues(this.first);
			this.first.kill();
			template.convertAndSend("mine", "after");
			assertThat(various.customized).hasValue(last.get());
		}
		finally {
			this.first.start();
		}
	}

	@Test
	void whatWasDeclaredAtRunTimeIsDeclaredOnTheNextBroker() {
		try (ConfigurableApplicationContext context = run(Shop.class)) {
			AmqpAdmin admin = context.getBean(AmqpAdmin.class);
			Queue late = new Queue("late");
			FanoutExchange exchange = new FanoutExchange("late-exchange");
			admin.declareQueue(new Queue("deleted-again"));
			admin.declareExchange(exchange);
			admin.declareQueue(late);
			admin.declareBinding(BindingBuilder.bind(late).to(exchange));
			admin.deleteQueue("deleted-again");
			this.first.kill();
			context.getBean(FailoverTemplate.class).convertAndSend("late-exchange", "", "message");
		}
		assertThat(new QueueOnBroker(this.second, "late").drain()).containsExactly("message");
		assertThat(new QueueOnBroker(this.second, "deleted-again").exists()).isFalse();
	}

	@ParameterizedTest
	@ValueSource(strings = { "simple", "direct" })
	void exclusiveQueuesAreDeclaredOnTheNextBrokerForTheirConsumers(String container) {
		try (ConfigurableApplicationContext context = run(Exclusive.class,
				"spring.rabbitmq.listener.type=" + container)) {
			News news = context.getBean(News.class);
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			news.publishUntilReceived(template, "before");
			String named = context.getBean("serverNamed", Queue.class).getActualName();
			this.first.kill();
			news.publishUntilReceived(template, "after");
			assertThat(context.getBean("serverNamed", Queue.class).getActualName()).startsWith("amq.gen-")
				.isNotEqualTo(named);
		}
	}

	private static List<BrokerEvent> activations(Brokers brokers) {
		List<BrokerEvent> activations = new CopyOnWriteArrayList<>();
		brokers.addListener((event) -> {
			if (event instanceof BrokerEvent.Activated) {
				activations.add(event);
			}
		});
		return activations;
	}

	private ConfigurableApplicationContext run(Class<?> application, String... more) {
		List<String> properties = new ArrayList<>(List.of(more));
		properties.add(Applications.brokers(this.first, this.second));
		properties.add("failover.detection.probe-interval=50ms");
		properties.add("failover.connect.race-delay=0");
		return Applications.run(application, properties.toArray(String[]::new));
	}

	@Configuration(proxyBeanMethods = false)
	static class Shop {

		static final String EXCHANGE = "shop";

		static final String QUEUE = "orders";

		@Bean
		Declarables topology() {
			Queue orders = new Queue(QUEUE);
			DirectExchange shop = new DirectExchange(EXCHANGE);
			return new Declarables(orders, shop, BindingBuilder.bind(orders).to(shop).with("new"));
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class UnknownExchangeType {

		@Bean
		CustomExchange odd() {
			return new CustomExchange("odd", "x-nonsense");
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class IgnoringQueue {

		@Bean
		Queue orders() {
			Queue orders = new Queue(Shop.QUEUE);
			orders.setIgnoreDeclarationExceptions(true);
			return orders;
		}

		@Bean
		Queue other() {
			return new Queue("other");
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class IgnoringAdmin extends Shop {

		@Bean
		Queue other() {
			return new Queue("other");
		}

		@Bean
		RabbitAdmin admin(ConnectionFactory connectionFactory) {
			RabbitAdmin admin = new RabbitAdmin(connectionFactory);
			admin.setIgnoreDeclarationExceptions(true);
			return admin;
		}

	}

	/**
	 * Two admins, and a customizer that counts what is declared.
	 */
	@Configuration(proxyBeanMethods = false)
	static class Various {

		private final AtomicInteger customized = new AtomicInteger();

		private final List<String> received = new CopyOnWriteArrayList<>();

		@Bean
		RabbitAdmin explicit(ConnectionFactory connectionFactory) {
			RabbitAdmin admin = new RabbitAdmin(connectionFactory);
			admin.setExplicitDeclarationsOnly(true);
			return admin;
		}

		@Bean
		RabbitAdmin ordinary(ConnectionFactory connectionFactory) {
			return new RabbitAdmin(connectionFactory);
		}

		@Bean
		Queue mine() {
			return new Queue("mine");
		}

		@Bean
		Queue ofTheOtherAdmin(RabbitAdmin explicit) {
			Queue queue = new Queue("of-the-other-admin");
			queue.setAdminsThatShouldDeclare(explicit);
			return queue;
		}

		@Bean
		Queue notToDeclare() {
			Queue queue = new Queue("not-to-declare");
			queue.setShouldDeclare(false);
			return queue;
		}

		@Bean
		DeclarableCustomizer counter() {
			return (declarable) -> {
				this.customized.incrementAndGet();
				return declarable;
			};
		}

		@RabbitListener(queues = "mine")
		void on(String message) {
			this.received.add(message);
		}

	}

	@Configuration(proxyBeanMethods = false)
	@Import(News.class)
	static class Exclusive {

		@Bean
		FanoutExchange news() {
			return new FanoutExchange("news");
		}

		@Bean
		Queue anonymous() {
			return new AnonymousQueue();
		}

		@Bean
		Queue serverNamed() {
			return new Queue("", false, true, true);
		}

		@Bean
		Queue named() {
			return new Queue("named", false, true, false, Map.of());
		}

		@Bean
		Binding anonymousNews(Queue anonymous, FanoutExchange news) {
			return BindingBuilder.bind(anonymous).to(news);
		}

		@Bean
		Binding serverNamedNews(Queue serverNamed, FanoutExchange news) {
			return BindingBuilder.bind(serverNamed).to(news);
		}

		@Bean
		Binding namedNews(Queue named, FanoutExchange news) {
			return BindingBuilder.bind(named).to(news);
		}

	}

	static class News {

		private static final List<String> KINDS = List.of("anonymous", "server-named", "named");

		private final List<String> received = new CopyOnWriteArrayList<>();

		@RabbitListener(queues = "#{anonymous}")
		void onAnonymous(String message) {
			this.received.add("anonymous " + message);
		}

		@RabbitListener(queues = "#{serverNamed}")
		void onServerNamed(String message) {
			this.received.add("server-named " + message);
		}

		@RabbitListener(queues = "#{named}")
		void onNamed(String message) {
			this.received.add("named " + message);
		}

		void publishUntilReceived(FailoverTemplate template, String message) {
			Awaitility.await().atMost(PATIENCE).ignoreExceptions().untilAsserted(() -> {
				template.convertAndSend("news", "", message);
				assertThat(this.received).containsAll(KINDS.stream().map((kind) -> kind + " " + message).toList());
			});
		}

	}

}
