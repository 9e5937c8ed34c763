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
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.AmqpException;
import org.springframework.amqp.core.AnonymousQueue;
import org.springframework.amqp.core.Binding;
import org.springframework.amqp.core.BindingBuilder;
import org.springframework.amqp.core.FanoutExchange;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Tests what becomes of messages to a fanout exchange whose only queues are anonymous
 * ones, which die with their connection, when the broker is lost.
 */
@BrokerTest
class FanoutIntegrationTests {

	private static final Log logger = LogFactory.getLog(FanoutIntegrationTests.class);

	private static final int ROUNDS = Integer.getInteger("failover.test.rounds", 2);

	/**
	 * How long a message may lie in its queue, unhandled, on a machine under load.
	 */
	private static final long IN_QUEUE_NANOS = Duration.ofSeconds(5).toNanos();

	private static final Duration LIMIT = Duration.ofSeconds(60);

	@North
	private RabbitNode first;

	@South
	private RabbitNode second;

	private final Map<String, Span> confirmed = new ConcurrentHashMap<>();

	private final ConcurrentLinkedQueue<AmqpException> failures = new ConcurrentLinkedQueue<>();

	private final AtomicInteger ids = new AtomicInteger();

	private volatile boolean sending = true;

	/**
	 * Each round has an application of its own: a broker that comes and goes is held back
	 * for longer each time.
	 */
	@Test
	void noSendIsReturnedWhileTheQueueIsDeclaredOnTheNextBroker() throws Exception {
		int died = 0;
		for (int i = 0; i < ROUNDS; i++) {
			died += (i % 2 == 0) ? round(this.first, this.second) : round(this.second, this.first);
		}
		logger.info("%d kills, %d messages sent, %d sends failed, %d messages died with their queue".formatted(ROUNDS,
				this.ids.get(), this.failures.size(), died));
		assertThat(this.failures).isEmpty();
	}

	/**
	 * Send while the active broker is killed, and until its messages are there that were
	 * sent afterwards.
	 * @return how many messages no instance has seen
	 */
	private int round(RabbitNode killed, RabbitNode next) throws Exception {
		ExecutorService executor = Executors.newFixedThreadPool(2);
		try (ConfigurableApplicationContext context = Applications.run(Cache.class,
				Applications.brokers(killed, next))) {
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			Set<String> seen = context.getBean(Instance.class).seen;
			this.confirmed.clear();
			this.sending = true;
			List<Future<?>> senders = List.of(executor.submit(() -> send(template)),
					executor.submit(() -> send(template)));
			awaitMore(seen);
			Span kill = kill(context);
			awaitMore(seen);
			this.sending = false;
			for (Future<?> sender : senders) {
				sender.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
			}
			await().atMost(LIMIT).until(() -> unseen(seen).stream().allMatch((span) -> diedWithQueue(span, kill)));
			return unseen(seen).size();
		}
		finally {
			this.sending = false;
			executor.shutdownNow();
			killed.start();
			next.start();
		}
	}

	private void send(FailoverTemplate template) {
		while (this.sending) {
			String id = String.valueOf(this.ids.incrementAndGet());
			long begin = System.nanoTime();
			try {
				template.convertAndSend(Cache.EXCHANGE, "", id);
				this.confirmed.put(id, new Span(begin, System.nanoTime()));
			}
			catch (AmqpException ex) {
				this.failures.add(ex);
			}
			LockSupport.parkNanos(Duration.ofMillis(4).toNanos());
		}
	}

	private void awaitMore(Set<String> seen) {
		int before = seen.size();
		await().atMost(LIMIT).until(() -> seen.size() >= before + 200);
	}

	private Span kill(ConfigurableApplicationContext context) {
		long begin = System.nanoTime();
		Applications.active(context, this.first, this.second).kill();
		return new Span(begin, System.nanoTime());
	}

	private List<Span> unseen(Set<String> seen) {
		return this.confirmed.entrySet()
			.stream()
			.filter((message) -> !seen.contains(message.getKey()))
			.map(Map.Entry::getValue)
			.toList();
	}

	/**
	 * Whether a message was sent before a kill, and may have been in the queue then.
	 */
	private static boolean diedWithQueue(Span message, Span kill) {
		return message.begin() - kill.end() < 0 && message.end() - (kill.begin() - IN_QUEUE_NANOS) > 0;
	}

	/**
	 * From when until when something was done.
	 *
	 * @param begin the begin
	 * @param end the end
	 */
	private record Span(long begin, long end) {

	}

	@Configuration(proxyBeanMethods = false)
	static class Cache {

		static final String EXCHANGE = "cache";

		@Bean
		FanoutExchange exchange() {
			return new FanoutExchange(EXCHANGE);
		}

		@Bean
		Queue invalidations() {
			return new AnonymousQueue();
		}

		@Bean
		Binding binding(Queue invalidations, FanoutExchange exchange) {
			return BindingBuilder.bind(invalidations).to(exchange);
		}

		@Bean
		Instance instance() {
			return new Instance();
		}

	}

	static class Instance {

		private final Set<String> seen = ConcurrentHashMap.newKeySet();

		@RabbitListener(queues = "#{@invalidations.name}")
		void invalidate(String id) {
			this.seen.add(id);
		}

	}

}
