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

package dev.failover.template;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.GetResponse;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.AmqpException;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageBuilder;

import dev.failover.test.RabbitNode;
import dev.failover.test.TestBroker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Publishing through a {@link FailoverTemplate} while brokers are lost.
 */
class FailoverTemplateIntegrationTests {

	private static final String QUEUE = "orders";

	private static RabbitNode one;

	private static RabbitNode two;

	@BeforeAll
	static void startBrokers() {
		one = RabbitNode.builder().name("one").start();
		two = RabbitNode.builder().name("two").start();
	}

	@AfterAll
	static void stopBrokers() throws Exception {
		one.close();
		two.close();
	}

	@BeforeEach
	void declareQueues() throws Exception {
		for (RabbitNode node : List.of(one, two)) {
			node.start();
			try (Connection connection = connect(node); Channel channel = connection.createChannel()) {
				channel.queueDelete(QUEUE);
				channel.queueDeclare(QUEUE, true, false, false, null);
			}
			// a node that is killed before it has written that comes back without the
			// queue
			node.administration().flush();
		}
	}

	@Test
	void nothingConfirmedIsMissingWhenTheActiveBrokerIsKilled() throws Exception {
		publishWhile((active) -> active.kill());
	}

	@Test
	void nothingConfirmedIsMissingWhenTheActiveBrokerIsStopped() throws Exception {
		publishWhile((active) -> active.stop());
	}

	/**
	 * The publisher waits for the connection, whose listener waits for the confirm.
	 */
	@Test
	void listenerOfConnectionsSendsOnEachNewConnection() throws Exception {
		try (PublishingFixture fixture = new PublishingFixture(List.of(one, two))) {
			FailoverTemplate template = fixture.template(PublishSettings.DEFAULTS);
			List<Throwable> failures = new CopyOnWriteArrayList<>();
			fixture.connectionFactory.addConnectionListener((connection) -> {
				try {
					template.convertAndSend("", QUEUE, "presence");
					template.convertAndSendAsync("", QUEUE, "presence").join();
				}
				catch (RuntimeException ex) {
					failures.add(ex);
				}
			});
			long begun = System.nanoTime();
			template.convertAndSend("", QUEUE, "before");
			RabbitNode active = fixture.brokers.getActive().name().equals(one.name()) ? one : two;
			active.kill();
			template.convertAndSend("", QUEUE, "after");
			assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(15));
			assertThat(failures).isEmpty();
			assertThat(drain((active == one) ? two : one)).containsSubsequence("presence", "presence", "after");
			template.destroy();
		}
	}

	@Test
	void frozenBrokerIsLeftAfterTheConfirmTimeout() throws Exception {
		publishWhile((active) -> active.freeze());
	}

	@Test
	void everyMessageOfABurstIsConfirmedWhoeverSendsMeanwhile() throws Exception {
		ExecutorService executor = Executors.newFixedThreadPool(8);
		try (PublishingFixture fixture = new PublishingFixture(List.of(one, two))) {
			FailoverTemplate template = fixture
				.template(new PublishSettings(Duration.ofSeconds(20), 100, Duration.ofSeconds(10)));
			List<Future<?>> senders = new ArrayList<>();
			for (int i = 0; i < 8; i++) {
				int sender = i;
				senders.add(executor.submit(() -> sendBursts(template, sender)));
			}
			for (Future<?> sender : senders) {
				sender.get(60, TimeUnit.SECONDS);
			}
		}
		finally {
			executor.shutdownNow();
		}
	}

	/**
	 * Send bursts of many sizes, each after all of the one before is confirmed.
	 */
	private static Void sendBursts(FailoverTemplate template, int sender) throws Exception {
		for (int size = 1; size <= 60; size++) {
			List<CompletableFuture<Confirmation>> burst = new ArrayList<>();
			for (int i = 0; i < size; i++) {
				burst.add(template.convertAndSendAsync("", QUEUE, new byte[size * sender * 100]));
			}
			for (CompletableFuture<Confirmation> message : burst) {
				assertThat(message.get(30, TimeUnit.SECONDS).tries()).isEqualTo(1);
			}
		}
		return null;
	}

	@Test
	void messageForAMissingExchangeFailsAloneAndOthersAreConfirmed() throws Exception {
		try (PublishingFixture fixture = new PublishingFixture(List.of(one, two))) {
			FailoverTemplate template = fixture.template(PublishSettings.DEFAULTS);
			var good = template.convertAndSendAsync("", QUEUE, "good");
			var bad = template.convertAndSendAsync("missing", QUEUE, "bad");
			var alsoGood = template.convertAndSendAsync("", QUEUE, "also good");
			assertThat(good.get(10, TimeUnit.SECONDS).messageId()).isNotEmpty();
			assertThat(alsoGood.get(10, TimeUnit.SECONDS).messageId()).isNotEmpty();
			assertThat(bad).failsWithin(Duration.ofSeconds(10))
				.withThrowableThat()
				.withCauseInstanceOf(PublishException.class)
				.withMessageContaining("no exchange 'missing'")
				.withMessageContaining("NOT_SENT");
			template.destroy();
		}
	}

	@Test
	void messageThatNoQueueIsBoundForIsReturnedUnlessItIsNotMandatory() throws Exception {
		try (PublishingFixture fixture = new PublishingFixture(List.of(one, two))) {
			FailoverTemplate template = fixture.template(PublishSettings.DEFAULTS);
			assertThatExceptionOfType(MessageReturnedException.class)
				.isThrownBy(() -> template.convertAndSend("", "nobody", "lost"))
				.withMessageContaining("NO_ROUTE")
				.satisfies((ex) -> assertThat(ex.getOutcome()).isEqualTo(PublishOutcome.RETURNED));
			template.setMandatory(false);
			template.convertAndSend("", "nobody", "lost");
			template.destroy();
		}
	}

	@Test
	void messageWithADelayIsNotReturned() throws Exception {
		try (PublishingFixture fixture = new PublishingFixture(List.of(one, two))) {
			FailoverTemplate template = fixture.template(PublishSettings.DEFAULTS);
			template.convertAndSend("", "nobody", "later", FailoverTemplateIntegrationTests::delayed);
			template.addBeforePublishPostProcessors(FailoverTemplateIntegrationTests::delayed);
			template.convertAndSend("", "nobody", "later");
			template.invoke((operations) -> {
				operations.convertAndSend("", "nobody", "later", FailoverTemplateIntegrationTests::delayed);
				return null;
			});
			template.destroy();
		}
	}

	private static Message delayed(Message message) {
		message.getMessageProperties().setDelayLong(1000L);
		return message;
	}

	@Test
	void messageThatCannotBeEncodedHarmsNobodyElse() throws Exception {
		try (PublishingFixture fixture = new PublishingFixture(List.of(one, two))) {
			FailoverTemplate template = fixture.template(PublishSettings.DEFAULTS);
			var good = template.convertAndSendAsync("", QUEUE, "good");
			assertThatExceptionOfType(PublishException.class)
				.isThrownBy(() -> template.convertAndSend("", "x".repeat(256), "bad"))
				.withMessageContaining("routing key is longer than 255 bytes")
				.satisfies((ex) -> assertThat(ex.getOutcome()).isEqualTo(PublishOutcome.NOT_SENT));
			assertThat(template.convertAndSendAsync("", "x".repeat(256), "bad")).isCompletedExceptionally()
				.failsWithin(Duration.ZERO)
				.withThrowableThat()
				.withCauseInstanceOf(PublishException.class)
				.withMessageContaining("NOT_SENT");
			assertThat(good.get(10, TimeUnit.SECONDS).tries()).isEqualTo(1);
			template.destroy();
		}
	}

	@Test
	void messageWithAnEmptyIdGetsOne() throws Exception {
		try (PublishingFixture fixture = new PublishingFixture(List.of(one, two))) {
			FailoverTemplate template = fixture.template(PublishSettings.DEFAULTS);
			Message message = MessageBuilder.withBody(new byte[0]).setMessageId("").build();
			assertThat(template.sendAsync("", QUEUE, message).get(10, TimeUnit.SECONDS).messageId()).isNotEmpty();
			template.destroy();
		}
	}

	@Test
	void whatDependsOnAConfirmMayWaitForAMessageThatWasSentElsewhere() throws Exception {
		ExecutorService executor = Executors.newSingleThreadExecutor();
		try (PublishingFixture fixture = new PublishingFixture(List.of(one, two))) {
			FailoverTemplate template = fixture.template(PublishSettings.DEFAULTS);
			CompletableFuture<CompletableFuture<Confirmation>> elsewhere = new CompletableFuture<>();
			CompletableFuture<CompletableFuture<Confirmation>> dependent = new CompletableFuture<>();
			CountDownLatch sent = new CountDownLatch(1);
			executor.execute(() -> {
				CompletableFuture<Confirmation> first = template.convertAndSendAsync("", QUEUE, "first");
				sent.countDown();
				dependent.complete(first.thenApply((confirmation) -> elsewhere.join().join()));
			});
			assertThat(sent.await(30, TimeUnit.SECONDS)).isTrue();
			elsewhere.complete(template.convertAndSendAsync("", QUEUE, "second"));
			assertThat(elsewhere.join().get(30, TimeUnit.SECONDS).tries()).isEqualTo(1);
			assertThat(dependent.get(30, TimeUnit.SECONDS).get(30, TimeUnit.SECONDS))
				.isEqualTo(elsewhere.join().join());
			template.destroy();
		}
		finally {
			executor.shutdownNow();
		}
	}

	@Test
	void callbackThatThrowsDoesNotMakeAConfirmedSendFail() {
		try (PublishingFixture fixture = new PublishingFixture(List.of(one, two))) {
			FailoverTemplate template = fixture.template(PublishSettings.DEFAULTS);
			template.setConfirmCallback((correlation, ack, reason) -> {
				throw new AmqpException("expected by the test");
			});
			template.convertAndSend("", QUEUE, "good");
			template.destroy();
		}
	}

	private void publishWhile(Consumer<RabbitNode> fault) throws Exception {
		int threads = 4;
		int each = 2500;
		Set<String> confirmed = new ConcurrentSkipListSet<>();
		AtomicInteger errors = new AtomicInteger();
		CountDownLatch third = new CountDownLatch(threads * each / 3);
		RabbitNode active;
		try (PublishingFixture fixture = new PublishingFixture(List.of(one, two))) {
			FailoverTemplate template = fixture.template(PublishSettings.DEFAULTS);
			ExecutorService executor = Executors.newFixedThreadPool(threads);
			List<Future<?>> senders = new ArrayList<>();
			for (int thread = 0; thread < threads; thread++) {
				int number = thread;
				senders.add(executor.submit(() -> {
					for (int i = 0; i < each; i++) {
						String id = number + "-" + i;
						try {
							template.convertAndSend("", QUEUE, id);
							confirmed.add(id);
						}
						catch (RuntimeException ex) {
							errors.incrementAndGet();
						}
						third.countDown();
					}
				}));
			}
			assertThat(third.await(60, TimeUnit.SECONDS)).isTrue();
			active = fixture.brokers.getActive().name().equals(one.name()) ? one : two;
			fault.accept(active);
			for (Future<?> sender : senders) {
				sender.get(60, TimeUnit.SECONDS);
			}
			executor.shutdown();
			assertThat(template.getUnconfirmedCount()).isZero();
			template.destroy();
		}
		if (active.isFrozen()) {
			active.thaw();
		}
		active.start();
		assertThat(errors).hasValue(0);
		assertThat(confirmed).hasSize(threads * each);
		List<String> found = new ArrayList<>(drain(one));
		found.addAll(drain(two));
		Set<String> missing = new TreeSet<>(confirmed);
		missing.removeAll(found);
		assertThat(missing).isEmpty();
		assertThat(found.size() - confirmed.size()).as("duplicates").isLessThanOrEqualTo(threads);
	}

	private static List<String> drain(TestBroker broker) throws Exception {
		List<String> bodies = new ArrayList<>();
		try (Connection connection = connect(broker); Channel channel = connection.createChannel()) {
			for (GetResponse response = channel.basicGet(QUEUE, true); response != null; response = channel
				.basicGet(QUEUE, true)) {
				bodies.add(new String(response.getBody()));
			}
		}
		return bodies;
	}

	private static Connection connect(TestBroker broker) throws Exception {
		ConnectionFactory factory = new ConnectionFactory();
		factory.setHost(broker.host());
		factory.setPort(broker.port());
		factory.setUsername(broker.username());
		factory.setPassword(broker.password());
		factory.setVirtualHost(broker.virtualHost());
		return factory.newConnection();
	}

}
