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

import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

import com.rabbitmq.client.ShutdownSignalException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.mockito.ArgumentCaptor;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.connection.ConnectionListener;
import org.springframework.amqp.rabbit.listener.DirectMessageListenerContainer;
import org.springframework.beans.DirectFieldAccessor;
import org.springframework.scheduling.TaskScheduler;

import dev.failover.broker.Broker;
import dev.failover.broker.Brokers;
import dev.failover.broker.FailingThreads;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.BDDMockito.given;
import static org.mockito.BDDMockito.then;
import static org.mockito.BDDMockito.willThrow;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.spy;

/**
 * Tests for {@link DirectContainerPacer}.
 */
class DirectContainerPacerTests {

	private static final Broker BROKER = Broker.of("first", "localhost", 1);

	private final Brokers brokers = new Brokers(List.of(BROKER), Clock.systemUTC());

	private final DirectContainerPacer pacer = new DirectContainerPacer(this.brokers);

	private final ConnectionFactory connectionFactory = mock();

	private final DirectMessageListenerContainer container = spy(
			new DirectMessageListenerContainer(this.connectionFactory));

	private final Semaphore rounds = new Semaphore(0);

	@BeforeEach
	void startMonitor() throws InterruptedException {
		given(this.container.isRunning()).willReturn(true);
		this.pacer.add(this.container);
		this.pacer.wake(this.container);
		TaskScheduler scheduler = (TaskScheduler) setting("taskScheduler");
		scheduler.scheduleAtFixedRate(this.rounds::release, Duration.ofHours(1));
		assertThat(this.rounds.tryAcquire(10, TimeUnit.SECONDS)).isTrue();
	}

	@AfterEach
	void close() {
		this.pacer.close();
	}

	@Test
	void monitorIsWokenWhenABrokerBecomesActive() throws InterruptedException {
		assertThat(setting("failedDeclarationRetryInterval")).isEqualTo(2000L);
		this.brokers.connected(BROKER, 0);
		assertThat(this.rounds.tryAcquire(10, TimeUnit.SECONDS)).isTrue();
		assertThat(setting("failedDeclarationRetryInterval")).isEqualTo(20L);
	}

	@Test
	void monitorIsWokenWhenAConnectionIsLost() throws InterruptedException {
		connectionListener().onShutDown(new ShutdownSignalException(true, false, null, null));
		assertThat(this.rounds.tryAcquire(10, TimeUnit.SECONDS)).isTrue();
		assertThat(setting("failedDeclarationRetryInterval")).isEqualTo(20L);
	}

	@Test
	void containersAreInNoHurryWithoutAThreadThatWouldEndIt() throws InterruptedException {
		FailingThreads.in(this.pacer, 1, "timer");
		this.brokers.connected(BROKER, 0);
		assertThat(this.rounds.tryAcquire(10, TimeUnit.SECONDS)).isTrue();
		assertThat(setting("failedDeclarationRetryInterval")).isEqualTo(2000L);
		connectionListener().onShutDown(new ShutdownSignalException(true, false, null, null));
		assertThat(setting("failedDeclarationRetryInterval")).isEqualTo(20L);
	}

	@Test
	void errorOfOneContainerCostsNoOtherItsHurry() throws InterruptedException {
		DirectMessageListenerContainer failing = mock();
		given(failing.isRunning()).willReturn(true);
		this.pacer.add(failing);
		willThrow(new NoClassDefFoundError("thrown by the test")).given(failing).setFailedDeclarationRetryInterval(20);
		this.brokers.connected(BROKER, 0);
		assertThat(this.rounds.tryAcquire(10, TimeUnit.SECONDS)).isTrue();
		assertThat(setting("failedDeclarationRetryInterval")).isEqualTo(20L);
	}

	@Test
	void connectionThatTheApplicationClosesIsNotLost() {
		connectionListener().onShutDown(new ShutdownSignalException(true, true, null, null));
		assertThat(setting("failedDeclarationRetryInterval")).isEqualTo(2000L);
	}

	@Test
	void intervalOfTheMonitorOfAContainerThatStartsStaysAsItIs() {
		this.brokers.connected(BROKER, 0);
		given(this.container.isRunning()).willReturn(false);
		this.pacer.add(this.container);
		assertThat(setting("failedDeclarationRetryInterval")).isEqualTo(100L);
	}

	@Test
	void leavesTheConnectionFactoryAloneInTheEnd() {
		ConnectionListener listener = connectionListener();
		this.pacer.close();
		then(this.connectionFactory).should().removeConnectionListener(listener);
	}

	private ConnectionListener connectionListener() {
		ArgumentCaptor<ConnectionListener> listener = ArgumentCaptor.captor();
		then(this.connectionFactory).should().addConnectionListener(listener.capture());
		return listener.getValue();
	}

	private Object setting(String name) {
		return new DirectFieldAccessor(this.container).getPropertyValue(name);
	}

}
