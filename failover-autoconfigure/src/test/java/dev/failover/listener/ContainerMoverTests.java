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

package dev.failover.listener;

import java.net.ConnectException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Consumer;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.amqp.AmqpConnectException;
import org.springframework.amqp.core.AcknowledgeMode;
import org.springframework.amqp.rabbit.connection.AbstractConnectionFactory;
import org.springframework.amqp.rabbit.connection.Connection;
import org.springframework.amqp.rabbit.listener.DirectMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.SimpleMessageListenerContainer;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ApplicationContext;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.scheduling.concurrent.ThreadPoolTaskExecutor;
import org.springframework.transaction.PlatformTransactionManager;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerEvent;
import dev.failover.broker.Brokers;
import dev.failover.broker.FailingThreads;
import dev.failover.broker.TestBrokers;
import dev.failover.connection.BrokerAccess;
import dev.failover.connection.FailoverConnectionFactory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyBoolean;
import static org.mockito.ArgumentMatchers.anyString;
import static org.mockito.BDDMockito.given;
import static org.mockito.Mockito.mock;

/**
 * The broker answers as long as the test lets it.
 */
@ExtendWith(OutputCaptureExtension.class)
class ContainerMoverTests {

	private static final Duration PATIENCE = Duration.ofSeconds(30);

	private final Broker from = TestBrokers.broker("first");

	private final Broker to = TestBrokers.broker("second");

	private final ApplicationContext context = mock();

	private final AtomicBoolean lost = new AtomicBoolean();

	private final AtomicInteger consumers = new AtomicInteger();

	@Test
	void directContainerConsumesAgainIfTheBrokerIsLostWhileItMovesThere() throws Exception {
		Brokers brokers = new Brokers(List.of(this.from, this.to), Clock.systemUTC());
		DirectMessageListenerContainer container = container();
		ContainerBook book = new ContainerBook();
		book.postProcessAfterInitialization(container, "container");
		try (ContainerMover mover = new ContainerMover(brokers, book, failover(), this.context, PATIENCE)) {
			container.start();
			Awaitility.await().atMost(PATIENCE).until(() -> this.consumers.get() == 1);
			this.lost.set(true);
			mover.onEvent(new BrokerEvent.Activated(this.from, this.to, Duration.ZERO, null));
			Awaitility.await().atMost(PATIENCE).until(() -> this.consumers.get() > 1);
			assertThat(this.lost).isFalse();
			assertThat(container.getQueueNames()).containsExactly("orders");
		}
		finally {
			container.stop();
		}
	}

	@Test
	void containerWhoseThreadsAreAsManyAsItsConsumersStartsAgainAtOnce() throws Exception {
		Brokers brokers = new Brokers(List.of(this.from, this.to), Clock.systemUTC());
		ThreadPoolTaskExecutor threads = new ThreadPoolTaskExecutor();
		threads.setCorePoolSize(1);
		threads.afterPropertiesSet();
		SlowlyEnding container = new SlowlyEnding(connectionFactory(), threads);
		ContainerBook book = new ContainerBook();
		book.postProcessAfterInitialization(container, "container");
		try (ContainerMover mover = new ContainerMover(brokers, book, failover(), this.context, PATIENCE)) {
			container.start();
			assertThat(this.consumers).hasValue(1);
			container.slow = true;
			mover.onEvent(new BrokerEvent.Activated(this.from, this.to, Duration.ZERO, null));
			Awaitility.await().atMost(PATIENCE).until(() -> this.consumers.get() == 2);
			Awaitility.await().atMost(PATIENCE).until(() -> !book.isMoving());
			assertThat(container.isRunning()).isTrue();
		}
		finally {
			container.stop();
			threads.shutdown();
		}
	}

	@Test
	void consumersOnAPoolDoNotWaitForEachOtherToBegin(CapturedOutput output) throws Exception {
		Pooled container = new Pooled(connectionFactory(), "orders");
		container.threads.setCorePoolSize(3);
		container.setConcurrentConsumers(3);
		container.meanwhile = () -> {
		};
		moveBetween(container);
		assertThat(this.consumers).hasValue(6);
		assertThat(output).doesNotContain("Consumer failed to start");
		assertThat(Settings.read(container, "taskExecutor")).isSameAs(container.threads);
	}

	@Test
	void containersMoveUntilTheirOwnContextIsClosed() throws Exception {
		Brokers brokers = new Brokers(List.of(this.from, this.to), Clock.systemUTC());
		DirectMessageListenerContainer container = container();
		ContainerBook book = new ContainerBook();
		book.postProcessAfterInitialization(container, "container");
		try (ContainerMover mover = new ContainerMover(brokers, book, failover(), this.context, PATIENCE)) {
			container.start();
			Awaitility.await().atMost(PATIENCE).until(() -> this.consumers.get() == 1);
			mover.onApplicationEvent(new ContextClosedEvent(mock(ApplicationContext.class)));
			mover.onEvent(new BrokerEvent.Activated(this.from, this.to, Duration.ZERO, null));
			Awaitility.await().atMost(PATIENCE).until(() -> this.consumers.get() == 2 && !book.isMoving());
			mover.onApplicationEvent(new ContextClosedEvent(this.context));
			mover.onEvent(new BrokerEvent.Activated(this.to, this.from, Duration.ZERO, null));
			assertThat(book.isMoving()).isFalse();
		}
		finally {
			container.stop();
		}
	}

	@Test
	void containerThatTheApplicationStopsWhileItMovesStaysStopped() throws Exception {
		Pooled container = new Pooled(connectionFactory(), "orders");
		container.meanwhile = container::stop;
		moveBetween(container);
		assertThat(container.isRunning()).isFalse();
		assertThat(this.consumers).hasValue(1);
		assertThat(container.getActiveConsumerCount()).isZero();
	}

	@Test
	void queueThatTheApplicationRemovesWhileItsContainerMovesStaysRemoved() throws Exception {
		Pooled container = new Pooled(connectionFactory(), "orders", "bills");
		container.meanwhile = () -> container.removeQueueNames("bills");
		moveBetween(container);
		assertThat(container.getQueueNames()).containsExactly("orders");
		assertThat(this.consumers).hasValue(3);
	}

	@Test
	void queueThatTheApplicationRemovesWhileADirectContainerStartsAgainStaysRemoved() throws Exception {
		Meddled container = new Meddled(connectionFactory());
		configure(container, "orders", "bills");
		container.meanwhile = () -> container.removeQueueNames("bills");
		ContainerBook book = new ContainerBook();
		book.postProcessAfterInitialization(container, "container");
		Brokers brokers = new Brokers(List.of(this.from, this.to), Clock.systemUTC());
		try (ContainerMover mover = new ContainerMover(brokers, book, failover(), this.context, PATIENCE)) {
			container.start();
			Awaitility.await().atMost(PATIENCE).until(() -> this.consumers.get() == 2);
			this.lost.set(true);
			mover.onEvent(new BrokerEvent.Activated(this.from, this.to, Duration.ZERO, null));
			Awaitility.await().atMost(PATIENCE).until(() -> this.consumers.get() > 2 && !book.isMoving());
			assertThat(container.getQueueNames()).containsExactly("orders");
		}
		finally {
			container.stop();
		}
	}

	/**
	 * The first threads are those of the move itself.
	 */
	@Test
	void containersAreMovedOneAfterTheOtherIfNoFurtherThreadCanBeStarted() throws Exception {
		assertTwoContainersMove((mover) -> FailingThreads.after(mover, 2, "executor"));
	}

	@Test
	void nextMoveIsMadeIfOneCouldNotBegin() throws Exception {
		assertTwoContainersMove((mover) -> {
			FailingThreads.in(mover, 1, "executor");
			mover.onEvent(new BrokerEvent.Activated(this.from, this.to, Duration.ZERO, null));
		});
	}

	private void assertTwoContainersMove(java.util.function.Consumer<ContainerMover> before) throws Exception {
		ContainerBook book = new ContainerBook();
		DirectMessageListenerContainer one = container();
		DirectMessageListenerContainer two = container();
		book.postProcessAfterInitialization(one, "one");
		book.postProcessAfterInitialization(two, "two");
		Brokers brokers = new Brokers(List.of(this.from, this.to), Clock.systemUTC());
		try (ContainerMover mover = new ContainerMover(brokers, book, failover(), this.context, PATIENCE)) {
			one.start();
			two.start();
			Awaitility.await().atMost(PATIENCE).until(() -> this.consumers.get() == 2);
			before.accept(mover);
			mover.onEvent(new BrokerEvent.Activated(this.from, this.to, Duration.ZERO, null));
			Awaitility.await().atMost(PATIENCE).until(() -> this.consumers.get() == 4 && !book.isMoving());
		}
		finally {
			one.stop();
			two.stop();
		}
	}

	/**
	 * Its monitor fails, too.
	 */
	@Test
	void errorOfOneContainerKeepsNoOtherFromMoving() throws Exception {
		ContainerBook book = new ContainerBook();
		DirectMessageListenerContainer sound = container();
		Failing failing = new Failing(connectionFactory());
		configure(failing, "orders");
		book.postProcessAfterInitialization(failing, "failing");
		book.postProcessAfterInitialization(sound, "sound");
		Brokers brokers = new Brokers(List.of(this.from, this.to), Clock.systemUTC());
		ConditionFactory patiently = Awaitility.await().dontCatchUncaughtExceptions().atMost(PATIENCE);
		try (ContainerMover mover = new ContainerMover(brokers, book, failover(), this.context, PATIENCE)) {
			failing.start();
			sound.start();
			patiently.until(() -> this.consumers.get() == 2);
			failing.fails = true;
			mover.onEvent(new BrokerEvent.Activated(this.from, this.to, Duration.ZERO, null));
			patiently.until(() -> this.consumers.get() == 3 && !book.isMoving());
			failing.fails = false;
			mover.onEvent(new BrokerEvent.Activated(this.from, this.to, Duration.ZERO, null));
			patiently.until(() -> this.consumers.get() >= 5 && !book.isMoving());
		}
		finally {
			failing.fails = false;
			failing.stop();
			sound.stop();
		}
	}

	private void moveBetween(Pooled container) {
		ContainerBook book = new ContainerBook();
		book.postProcessAfterInitialization(container, "container");
		Brokers brokers = new Brokers(List.of(this.from, this.to), Clock.systemUTC());
		try (ContainerMover mover = new ContainerMover(brokers, book, failover(), this.context, PATIENCE)) {
			container.start();
			mover.onEvent(new BrokerEvent.Activated(this.from, this.to, Duration.ZERO, null));
			Awaitility.await().atMost(PATIENCE).until(() -> container.meanwhile == null && !book.isMoving());
		}
		finally {
			container.stop();
			container.threads.shutdown();
		}
	}

	private DirectMessageListenerContainer container() throws Exception {
		DirectMessageListenerContainer container = new DirectMessageListenerContainer(connectionFactory());
		configure(container, "orders");
		return container;
	}

	private static void configure(DirectMessageListenerContainer container, String... queues) {
		container.setQueueNames(queues);
		container.setMissingQueuesFatal(false);
		container.setMonitorInterval(100);
		container.setFailedDeclarationRetryInterval(50);
		container.setShutdownTimeout(100);
		container.setMessageListener((message) -> {
		});
		container.afterPropertiesSet();
	}

	private AbstractConnectionFactory connectionFactory() throws Exception {
		Channel channel = mock();
		given(channel.isOpen()).willReturn(true);
		given(channel.basicConsume(anyString(), anyBoolean(), any(), anyBoolean(), anyBoolean(), any(), any()))
			.willAnswer((call) -> {
				String tag = "consumer-" + this.consumers.incrementAndGet();
				call.<Consumer>getArgument(6).handleConsumeOk(tag);
				return tag;
			});
		Connection connection = mock();
		given(connection.isOpen()).willReturn(true);
		given(connection.createChannel(anyBoolean())).willReturn(channel);
		AbstractConnectionFactory connectionFactory = mock();
		given(connectionFactory.getRabbitConnectionFactory()).willReturn(mock(FailoverConnectionFactory.class));
		given(connectionFactory.createConnection()).willAnswer((call) -> {
			if (this.lost.compareAndSet(true, false)) {
				throw new AmqpConnectException(new ConnectException("expected by the test"));
			}
			return connection;
		});
		return connectionFactory;
	}

	private static FailoverConnectionFactory failover() {
		BrokerAccess access = mock();
		given(access.settled()).willAnswer((call) -> CompletableFuture.completedFuture(null));
		FailoverConnectionFactory failover = mock();
		given(failover.getBrokerAccess()).willReturn(access);
		return failover;
	}

	/**
	 * Takes its time after it has told that a consumer has ended.
	 */
	private static final class SlowlyEnding extends SimpleMessageListenerContainer {

		private volatile boolean slow;

		SlowlyEnding(AbstractConnectionFactory connectionFactory, ThreadPoolTaskExecutor threads) {
			super(connectionFactory);
			setTaskExecutor(threads);
			setQueueNames("orders");
			setReceiveTimeout(50);
			setMessageListener((message) -> {
			});
			afterPropertiesSet();
		}

		@Override
		protected @Nullable PlatformTransactionManager getTransactionManager() {
			if (this.slow) {
				try {
					new CountDownLatch(1).await(100, TimeUnit.MILLISECONDS);
				}
				catch (InterruptedException ex) {
					Thread.currentThread().interrupt();
				}
			}
			return super.getTransactionManager();
		}

	}

	/**
	 * Has as many threads as consumers, and meets the application when these have ended.
	 */
	private static final class Pooled extends SimpleMessageListenerContainer {

		private final ThreadPoolTaskExecutor threads = new ThreadPoolTaskExecutor();

		private volatile @Nullable Runnable meanwhile;

		Pooled(AbstractConnectionFactory connectionFactory, String... queues) {
			super(connectionFactory);
			this.threads.setCorePoolSize(1);
			this.threads.afterPropertiesSet();
			setTaskExecutor(this.threads);
			setQueueNames(queues);
			setReceiveTimeout(50);
			setMessageListener((message) -> {
			});
			afterPropertiesSet();
		}

		@Override
		protected void shutdownAndWaitOrCallback(@Nullable Runnable callback) {
			super.shutdownAndWaitOrCallback(callback);
			Runnable once = this.meanwhile;
			this.meanwhile = null;
			if (once != null) {
				once.run();
			}
		}

	}

	/**
	 * Fails as soon as anything is to be done with it.
	 */
	private static final class Failing extends DirectMessageListenerContainer {

		private volatile boolean fails;

		Failing(AbstractConnectionFactory connectionFactory) {
			super(connectionFactory);
		}

		@Override
		public AcknowledgeMode getAcknowledgeMode() {
			if (this.fails) {
				throw new NoClassDefFoundError("thrown by the test");
			}
			return super.getAcknowledgeMode();
		}

	}

	/**
	 * Meets the application when its consumers have ended.
	 */
	private static final class Meddled extends DirectMessageListenerContainer {

		private volatile @Nullable Runnable meanwhile;

		Meddled(AbstractConnectionFactory connectionFactory) {
			super(connectionFactory);
		}

		@Override
		protected void shutdownAndWaitOrCallback(@Nullable Runnable callback) {
			super.shutdownAndWaitOrCallback(callback);
			Runnable once = this.meanwhile;
			this.meanwhile = null;
			if (once != null) {
				once.run();
			}
		}

	}

}
