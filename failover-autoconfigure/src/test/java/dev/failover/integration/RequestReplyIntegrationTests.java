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

import java.net.ConnectException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.amqp.AmqpConnectException;
import org.springframework.amqp.AmqpException;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageBuilder;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.listener.SimpleMessageListenerContainer;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Primary;

import dev.failover.ensure.EnsurePolicy;
import dev.failover.ensure.Ensurer;
import dev.failover.template.FailoverTemplate;
import dev.failover.template.PublishSettings;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.EachRabbit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/**
 * Requests whose broker is lost before the reply. The time-out of replies is longer than
 * the tests, unless they are about it.
 */
@ParameterizedClass
@EachRabbit
class RequestReplyIntegrationTests {

	@Parameter
	private String version;

	@North
	private RabbitNode first;

	@South
	private RabbitNode second;

	private final ExecutorService executor = Executors.newCachedThreadPool();

	@AfterEach
	void shutDown() {
		this.executor.shutdownNow();
	}

	@ParameterizedTest
	@EnumSource
	void requestIsSentAgainAtOnceWhenItsBrokerIsLostUnlessItMustNotBe(Fault fault) throws Exception {
		try (ConfigurableApplicationContext context = run()) {
			Desk desk = context.getBean(Desk.class);
			desk.holdUp(4);
			var direct = request(context, "direct", "direct order");
			var temporary = request(context, "temporary", "temporary order");
			var fixed = request(context, "fixed", Desk.LATE);
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			var once = this.executor.submit(() -> template.ensure(EnsurePolicy.DEFAULT.withIdempotent(false),
					() -> template.convertSendAndReceive(Shop.REQUESTS, "once")));
			assertThat(desk.arrived.await(30, TimeUnit.SECONDS)).isTrue();
			RabbitNode node = Applications.active(context, this.first, this.second);
			fault.strike(node);
			desk.goOn.countDown();
			try {
				assertThat(direct.get(1, TimeUnit.MINUTES)).isEqualTo("direct order is done");
				assertThat(temporary.get(1, TimeUnit.MINUTES)).isEqualTo("temporary order is done");
				assertThat(fixed.get(1, TimeUnit.MINUTES)).isEqualTo(Desk.LATE + " is done");
				assertThatThrownBy(() -> once.get(1, TimeUnit.MINUTES)).isInstanceOf(ExecutionException.class)
					.hasCauseInstanceOf(AmqpException.class);
			}
			finally {
				fault.mend(node);
			}
			desk.assertCorrelationsDiffer("direct order");
			assertThat(desk.requests.get("temporary order")).hasSize(2);
			assertThat(desk.requests.get("once")).hasSize(1);
			template.setReplyTimeout(500);
			assertThat(template.convertSendAndReceive(Shop.REQUESTS, Desk.SILENT)).isNull();
			assertThat(desk.requests.get(Desk.SILENT)).hasSize(1);
			template.setReplyTimeout(TimeUnit.MINUTES.toMillis(2));
			assertThatThrownBy(() -> template.ensure(EnsurePolicy.DEFAULT.withIdempotent(false), () -> {
				template.convertSendAndReceive(Shop.REQUESTS, "replied to");
				if (desk.requests.get("replied to").size() == 1) {
					throw new AmqpConnectException(new ConnectException("nothing is sent any more"));
				}
				return null;
			})).isInstanceOf(AmqpConnectException.class);
		}
	}

	private CompletableFuture<@Nullable Object> request(ConfigurableApplicationContext context, String template,
			String order) {
		FailoverTemplate requester = context.getBean(template, FailoverTemplate.class);
		return CompletableFuture.supplyAsync(() -> requester.convertSendAndReceive(Shop.REQUESTS, order),
				this.executor);
	}

	@Test
	void everyRequestOfManyIsRepliedToWhenTheirBrokerIsLost() throws Exception {
		try (ConfigurableApplicationContext context = run()) {
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			Senders senders = Senders.start(8, 400,
					(order) -> assertThat(template.convertSendAndReceive(Shop.REQUESTS, order))
						.isEqualTo(order + " is done"));
			try (senders) {
				senders.awaitThird();
				Applications.writeQueues(this.first, this.second);
				Applications.active(context, this.first, this.second).kill();
				senders.awaitEnd();
			}
			assertThat(senders.errors()).isEmpty();
			assertThat(senders.sent()).hasSize(3200);
		}
	}

	private ConfigurableApplicationContext run() {
		return Applications.run(Shop.class, Applications.brokers(this.first, this.second),
				"spring.rabbitmq.listener.simple.concurrency=4", "spring.rabbitmq.listener.simple.prefetch=1");
	}

	enum Fault {

		KILL {
			@Override
			void strike(RabbitNode node) {
				node.kill();
			}
		},

		FREEZE {
			@Override
			void strike(RabbitNode node) {
				node.freeze();
			}

			@Override
			void mend(RabbitNode node) {
				node.thaw();
			}
		};

		abstract void strike(RabbitNode node);

		void mend(RabbitNode node) {
		}

	}

	/**
	 * Three ways to get replies.
	 */
	@Configuration(proxyBeanMethods = false)
	static class Shop {

		static final String REQUESTS = "requests";

		static final String REPLIES = "replies";

		@Bean
		Queue requests() {
			return new Queue(REQUESTS);
		}

		@Bean
		Queue replies() {
			return new Queue(REPLIES);
		}

		@Bean
		@Primary
		FailoverTemplate direct(ConnectionFactory connectionFactory, Ensurer ensurer) {
			FailoverTemplate template = new FailoverTemplate(connectionFactory, ensurer, EnsurePolicy.DEFAULT,
					PublishSettings.DEFAULTS);
			template.setReplyTimeout(TimeUnit.MINUTES.toMillis(2));
			return template;
		}

		@Bean
		FailoverTemplate temporary(ConnectionFactory connectionFactory, Ensurer ensurer) {
			FailoverTemplate template = direct(connectionFactory, ensurer);
			template.setUseTemporaryReplyQueues(true);
			return template;
		}

		@Bean
		FailoverTemplate fixed(ConnectionFactory connectionFactory, Ensurer ensurer) {
			FailoverTemplate template = direct(connectionFactory, ensurer);
			template.setReplyAddress(REPLIES);
			return template;
		}

		@Bean
		SimpleMessageListenerContainer replyContainer(ConnectionFactory connectionFactory,
				@Qualifier("fixed") FailoverTemplate template) {
			SimpleMessageListenerContainer container = new SimpleMessageListenerContainer(connectionFactory);
			container.setQueueNames(REPLIES);
			container.setMessageListener(template);
			return container;
		}

		@Bean
		Desk desk(FailoverTemplate template) {
			return new Desk(template);
		}

	}

	/**
	 * Does what is requested, and replies late to requests that were sent again.
	 */
	static class Desk {

		static final String SILENT = "silent";

		static final String LATE = "late";

		private final Map<String, List<Message>> requests = new ConcurrentHashMap<>();

		private final FailoverTemplate template;

		private volatile CountDownLatch arrived = new CountDownLatch(0);

		private volatile CountDownLatch goOn = new CountDownLatch(0);

		Desk(FailoverTemplate template) {
			this.template = template;
		}

		void holdUp(int count) {
			this.arrived = new CountDownLatch(count);
			this.goOn = new CountDownLatch(1);
		}

		@RabbitListener(queues = Shop.REQUESTS)
		@Nullable String serve(Message request) throws InterruptedException {
			String order = new String(request.getBody());
			List<Message> same = this.requests.computeIfAbsent(order, (key) -> new CopyOnWriteArrayList<>());
			same.add(request);
			this.arrived.countDown();
			assertThat(this.goOn.await(1, TimeUnit.MINUTES)).isTrue();
			if (order.equals(LATE) && same.size() == 2) {
				Message first = same.get(0);
				this.template.send(Shop.REPLIES,
						MessageBuilder.withBody("too late".getBytes())
							.setCorrelationId(first.getMessageProperties().getCorrelationId())
							.build());
			}
			return order.equals(SILENT) ? null : order + " is done";
		}

		void assertCorrelationsDiffer(String... orders) {
			for (String order : orders) {
				assertThat(this.requests.get(order))
					.extracting((request) -> request.getMessageProperties().getCorrelationId())
					.hasSize(2)
					.doesNotHaveDuplicates();
			}
		}

	}

}
