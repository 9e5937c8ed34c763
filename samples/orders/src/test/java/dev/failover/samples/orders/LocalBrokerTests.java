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

package dev.failover.samples.orders;

import java.net.ConnectException;
import java.util.concurrent.TimeoutException;

import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import dev.failover.test.EmbeddedBroker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

/**
 * What the shop can do to an embedded broker.
 */
class LocalBrokerTests {

	private final EmbeddedBroker embedded = EmbeddedBroker.builder().name("north").start();

	private final LocalBroker broker = new LocalBroker(this.embedded);

	@AfterEach
	void close() {
		this.broker.close();
	}

	@Test
	void offersWhatAnEmbeddedBrokerCanDo() {
		assertThat(this.broker.actions()).containsExactly(BrokerAction.KILL, BrokerAction.RESTART, BrokerAction.CUT);
		assertThatIllegalStateException().isThrownBy(() -> this.broker.perform(BrokerAction.FREEZE))
			.withMessageContaining("not a RabbitMQ node");
		assertThat(this.broker.isDisturbed()).isTrue();
	}

	@Test
	void isKilledAndRestarted() throws Exception {
		assertThat(this.broker.isDisturbed()).isFalse();
		Connection connection = connect();
		this.broker.perform(BrokerAction.KILL);
		Awaitility.await().until(() -> !connection.isOpen());
		assertThat(this.broker.faults()).containsExactly(BrokerAction.KILL);
		assertThat(this.broker.isRunning()).isFalse();
		assertThat(this.broker.can(BrokerAction.KILL)).isFalse();
		assertThatExceptionOfType(ConnectException.class).isThrownBy(this::connect);
		this.broker.perform(BrokerAction.RESTART);
		assertThat(this.broker.faults()).isEmpty();
		connect().close();
	}

	@Test
	void isCutOffAndBack() throws Exception {
		this.broker.perform(BrokerAction.CUT);
		assertThat(this.broker.actions()).contains(BrokerAction.MEND).doesNotContain(BrokerAction.CUT);
		assertThat(this.broker.isRunning()).isTrue();
		assertThatExceptionOfType(TimeoutException.class).isThrownBy(() -> connect(500));
		this.broker.perform(BrokerAction.MEND);
		assertThat(this.broker.faults()).isEmpty();
		connect().close();
	}

	@Test
	void staysDownWhenItIsMendedAfterAKill() throws Exception {
		this.broker.perform(BrokerAction.CUT);
		this.broker.perform(BrokerAction.KILL);
		assertThat(this.broker.faults()).containsExactlyInAnyOrder(BrokerAction.CUT, BrokerAction.KILL);
		this.broker.perform(BrokerAction.MEND);
		assertThatExceptionOfType(ConnectException.class).isThrownBy(this::connect);
		this.broker.perform(BrokerAction.RESTART);
		connect().close();
	}

	private Connection connect() throws Exception {
		return connect(10_000);
	}

	private Connection connect(int timeout) throws Exception {
		ConnectionFactory factory = new ConnectionFactory();
		factory.setUri(this.broker.uri());
		factory.setConnectionTimeout(timeout);
		factory.setHandshakeTimeout(timeout);
		factory.setAutomaticRecoveryEnabled(false);
		return factory.newConnection();
	}

}
