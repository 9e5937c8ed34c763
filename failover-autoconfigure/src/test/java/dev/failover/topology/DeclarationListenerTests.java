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

package dev.failover.topology;

import java.io.IOException;
import java.net.Socket;
import java.time.Clock;
import java.time.Duration;
import java.util.List;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.ShutdownSignalException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.mockito.BDDMockito;
import org.mockito.Mockito;
import org.springframework.amqp.AmqpConnectException;
import org.springframework.amqp.AmqpIOException;
import org.springframework.amqp.core.Declarables;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.connection.Connection;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.core.RabbitAdmin;
import org.springframework.context.support.GenericApplicationContext;

import dev.failover.broker.Broker;
import dev.failover.broker.Brokers;
import dev.failover.broker.FailureReason;
import dev.failover.connection.OpenConnection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNoException;

/**
 * Tests for {@link DeclarationListener}. A declaration is seen by the connection that it
 * asks for, and fails.
 */
class DeclarationListenerTests {

	private final Broker broker = Broker.of("one", "localhost", 5672);

	private final Brokers brokers = new Brokers(List.of(this.broker), Clock.systemUTC());

	private final GenericApplicationContext context = new GenericApplicationContext();

	private final TopologyGate gate = new TopologyGate(this.brokers, this.context, true, Duration.ofSeconds(1));

	private final LockedQueues lockedQueues = new LockedQueues();

	private final ConnectionFactory connectionFactory = Mockito.mock();

	private final RabbitAdmin admin = new RabbitAdmin(this.connectionFactory);

	private final DeclarationListener listener = new DeclarationListener(this.admin, this.gate, this.lockedQueues);

	private final Connection connection = Mockito.mock();

	private Queue queue = new Queue("orders");

	@BeforeEach
	void activate() throws IOException {
		this.context.registerBean(Declarables.class, () -> new Declarables(this.queue));
		this.context.refresh();
		this.admin.setApplicationContext(this.context);
		BDDMockito.given(this.connectionFactory.createConnection())
			.willThrow(new AmqpConnectException(new IOException("declared")));
		this.gate.open();
		this.gate.prepare(new OpenConnection(this.broker, 0, Mockito.mock(), new Socket()));
		this.brokers.connected(this.broker, 0);
	}

	@AfterEach
	void close() {
		this.lockedQueues.close();
		this.context.close();
	}

	@Test
	void firstConnectionAfterAnActivationReliesOnTheGate() {
		this.listener.onCreate(this.connection);
		this.listener.onCreate(Mockito.mock());
		Mockito.verify(this.connectionFactory, Mockito.never()).createConnection();
	}

	@Test
	void connectionThatIsOpenedAgainDeclaresAnew() {
		this.listener.onCreate(this.connection);
		assertDeclares();
	}

	@Test
	void firstConnectionDeclaresWhatTheGateHasNot() {
		this.brokers.failed(this.broker, 0, FailureReason.CONNECTION_LOST, null);
		this.brokers.connected(this.broker, 1);
		assertDeclares();
	}

	@Test
	void everyConnectionDeclaresQueuesThatEndWithIt() {
		this.queue = new Queue("mine", false, true, false);
		this.context.getDefaultListableBeanFactory().destroySingletons();
		assertDeclares();
	}

	@Test
	void declarationThatOpensAConnectionDoesNotLeadToAnother() {
		this.listener.onCreate(this.connection);
		BDDMockito.willAnswer((call) -> {
			this.listener.onCreate(this.connection);
			throw new AmqpConnectException(new IOException("declared"));
		}).given(this.connectionFactory).createConnection();
		assertDeclares();
		Mockito.verify(this.connectionFactory, Mockito.times(1)).createConnection();
	}

	@Test
	void brokerThatRefusesADeclarationHasFailed() {
		refuse(406);
		this.listener.onCreate(this.connection);
		assertThatExceptionOfType(AmqpConnectException.class).isThrownBy(() -> this.listener.onCreate(this.connection))
			.withMessageContaining("cannot be declared on broker 'one': 406");
		assertThat(this.brokers.getActive()).isNull();
		assertThat(this.brokers.getStatuses().get(0).lastFailure()).isNotNull();
		assertThat(this.brokers.getStatuses().get(0).lastFailure().reason()).isEqualTo(FailureReason.NOT_PREPARED);
	}

	@Test
	void brokerThatHoldsAQueueForALostConnectionHasNot() {
		refuse(405);
		this.listener.onCreate(this.connection);
		assertThatNoException().isThrownBy(() -> this.listener.onCreate(this.connection));
		assertThat(this.brokers.getActive()).isEqualTo(this.broker);
	}

	private void assertDeclares() {
		assertThatExceptionOfType(AmqpConnectException.class).isThrownBy(() -> this.listener.onCreate(this.connection))
			.withMessageContaining("declared");
	}

	private void refuse(int code) {
		ShutdownSignalException signal = new ShutdownSignalException(false, false,
				new AMQP.Channel.Close.Builder().replyCode(code).replyText("refused").build(), null);
		BDDMockito.willThrow(new AmqpIOException(new IOException(signal)))
			.given(this.connectionFactory)
			.createConnection();
	}

}
