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

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.Delivery;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.amqp.rabbit.AsyncRabbitTemplate;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Requests with direct reply-to of Spring's own templates, which consume the replies in
 * containers that nobody else knows.
 */
@BrokerTest
class DirectReplyContainerIntegrationTests {

	private static final Log logger = LogFactory.getLog(DirectReplyContainerIntegrationTests.class);

	private static final String REQUESTS = "direct-reply.requests";

	private static final Duration REPLY_TIMEOUT = Duration.ofSeconds(2);

	@North
	private RabbitNode first;

	@South
	private RabbitNode second;

	@BeforeEach
	void declare() {
		QueueOnBroker.declareNew(REQUESTS, this.first, this.second);
	}

	@ParameterizedTest
	@EnumSource
	void moveIsNotNoticed(Requester requester) throws Exception {
		try (Replier onFirst = new Replier(this.first);
				Replier onSecond = new Replier(this.second);
				ConfigurableApplicationContext context = run();
				SteadyRequests requests = new SteadyRequests(context, requester)) {
			requests.awaitMore();
			long there = move(context, requests);
			long back = move(context, requests);
			requests.end();
			logger.info("%s: %d requests, pause %d ms there, %d ms back, %d failed".formatted(requester,
					requests.made.size(), there, back, requests.failed.get()));
			assertThat(requests.failed).as("requests without a reply").hasValue(0);
			assertThat(onFirst.served.get() + onSecond.served.get()).as("requests that were served")
				.isEqualTo(requests.made.size());
			assertThat(List.of(there, back)).as("milliseconds without a reply around a move")
				.allMatch((pause) -> pause <= ConsumerTrial.MOVE_MILLIS);
		}
	}

	/**
	 * A request that was on its way may fail, and is made again.
	 */
	@ParameterizedTest
	@EnumSource
	void lossOfTheBrokerIsMadeGood(Requester requester) throws Exception {
		try (Replier onFirst = new Replier(this.first);
				Replier onSecond = new Replier(this.second);
				ConfigurableApplicationContext context = run();
				SteadyRequests requests = new SteadyRequests(context, requester)) {
			requests.awaitMore();
			RabbitNode lost = Applications.active(context, this.first, this.second);
			Applications.writeQueues(this.first, this.second);
			requests.replies.startOver();
			lost.kill();
			requests.awaitMore();
			long pause = requests.replies.longestPause();
			lost.start();
			requests.end();
			logger.info("%s: %d requests, pause %d ms after a kill, %d failed and were made again".formatted(requester,
					requests.made.size(), pause, requests.failed.get()));
			assertThat(onFirst.served.get() + onSecond.served.get()).isGreaterThanOrEqualTo(requests.made.size());
			assertThat(pause).as("milliseconds without a reply after a kill")
				.isLessThanOrEqualTo(ConsumerTrial.LOSS_MILLIS);
		}
	}

	private long move(ConfigurableApplicationContext context, SteadyRequests requests) throws Exception {
		RabbitNode left = Applications.active(context, this.first, this.second);
		assertThat(consumingChannels(left)).as("consumers of requests and replies").isGreaterThan(1);
		requests.replies.startOver();
		Applications.move(context);
		requests.awaitMore();
		long pause = requests.replies.longestPause();
		logger.info("moved away from %s, pause %d ms".formatted(left, pause));
		Awaitility.await("only the one that replies still consumes")
			.atMost(Duration.ofSeconds(30))
			.until(() -> consumingChannels(left) == 1);
		return pause;
	}

	/**
	 * Return how many channels of a node have a consumer. RabbitMQ lists no consumers of
	 * direct replies: their tags are in the state of their channels only.
	 */
	private static int consumingChannels(RabbitNode node) {
		return Integer.parseInt(node.evaluate("""
				length([Channel || Channel <- rabbit_channel:list(),
					string:find(io_lib:format("~0p", [sys:get_state(Channel)]), "amq.ctag-") =/= nomatch])."""));
	}

	private ConfigurableApplicationContext run() {
		return Applications.run(Requesting.class, ConsumerTrial.settings(List.of(this.first, this.second)));
	}

	enum Requester {

		ASYNC_TEMPLATE {
			@Override
			Requests start(RabbitTemplate template, Executor executor) {
				AsyncRabbitTemplate async = new AsyncRabbitTemplate(template);
				async.setReceiveTimeout(REPLY_TIMEOUT.toMillis());
				async.start();
				return new Requests((number) -> async.<Object>convertSendAndReceive(REQUESTS, number), async::stop);
			}
		},

		TEMPLATE {
			@Override
			Requests start(RabbitTemplate template, Executor executor) {
				return new Requests(
						(number) -> CompletableFuture
							.supplyAsync(() -> template.convertSendAndReceive(REQUESTS, number), executor),
						template::stop);
			}
		};

		abstract Requests start(RabbitTemplate template, Executor executor);

	}

	/**
	 * Makes requests until it is stopped.
	 */
	private record Requests(Function<String, CompletableFuture<@Nullable Object>> request, Runnable stop) {
	}

	@Configuration(proxyBeanMethods = false)
	static class Requesting {

	}

	/**
	 * Makes 200 requests a second, each again until there is a reply.
	 */
	private static final class SteadyRequests implements AutoCloseable {

		private static final int PACE_MILLIS = 5;

		private static final int SOME = 100;

		private final HandledWithPauses replies = new HandledWithPauses();

		private final Set<String> made = ConcurrentHashMap.newKeySet();

		private final AtomicInteger failed = new AtomicInteger();

		private final ExecutorService executor = Executors.newFixedThreadPool(16);

		private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();

		private final ScheduledFuture<?> pace;

		private final Requests requests;

		SteadyRequests(ConfigurableApplicationContext context, Requester requester) {
			RabbitTemplate template = new RabbitTemplate(context.getBean(ConnectionFactory.class));
			template.setReplyTimeout(REPLY_TIMEOUT.toMillis());
			this.requests = requester.start(template, this.executor);
			this.pace = this.timer.scheduleAtFixedRate(this::makeNext, 0, PACE_MILLIS, TimeUnit.MILLISECONDS);
		}

		private void makeNext() {
			String number = Integer.toString(this.made.size());
			this.made.add(number);
			make(number);
		}

		private void make(String number) {
			try {
				this.requests.request().apply(number).whenComplete((reply, failure) -> {
					if (number.equals(reply)) {
						this.replies.add(number);
					}
					else {
						again(number);
					}
				});
			}
			catch (RuntimeException ex) {
				again(number);
			}
		}

		private void again(String number) {
			this.failed.incrementAndGet();
			this.timer.schedule(() -> make(number), 50, TimeUnit.MILLISECONDS);
		}

		/**
		 * Wait for replies to requests that are made from now on.
		 */
		void awaitMore() {
			this.replies.await(this.made.size() + SOME);
		}

		/**
		 * Make no more requests, and wait until there is a reply to each.
		 */
		void end() {
			this.pace.cancel(false);
			this.replies.awaitAll(this.made);
		}

		@Override
		public void close() {
			this.timer.shutdownNow();
			this.requests.stop().run();
			this.executor.shutdownNow();
		}

	}

	/**
	 * Replies to requests on one broker.
	 */
	private static final class Replier implements AutoCloseable {

		private final AtomicInteger served = new AtomicInteger();

		private final Connection connection;

		private final Channel channel;

		Replier(RabbitNode node) throws Exception {
			com.rabbitmq.client.ConnectionFactory factory = new com.rabbitmq.client.ConnectionFactory();
			factory.setUri(node.uri());
			this.connection = factory.newConnection();
			this.channel = this.connection.createChannel();
			this.channel.basicConsume(REQUESTS, true, (tag, delivery) -> reply(delivery), (tag) -> {
			});
		}

		private void reply(Delivery request) throws IOException {
			this.served.incrementAndGet();
			BasicProperties properties = new BasicProperties.Builder().contentType("text/plain")
				.correlationId(request.getProperties().getCorrelationId())
				.build();
			this.channel.basicPublish("", request.getProperties().getReplyTo(), properties, request.getBody());
		}

		@Override
		public void close() {
			this.connection.abort();
		}

	}

}
