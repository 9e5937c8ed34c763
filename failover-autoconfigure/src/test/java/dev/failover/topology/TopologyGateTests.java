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

import java.net.Socket;
import java.time.Clock;
import java.time.Duration;
import java.util.List;

import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.core.BindingBuilder;
import org.springframework.amqp.core.Declarables;
import org.springframework.amqp.core.FanoutExchange;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.amqp.rabbit.core.RabbitAdmin;
import org.springframework.context.support.GenericApplicationContext;

import dev.failover.broker.Activation;
import dev.failover.broker.Broker;
import dev.failover.broker.BrokerCredentials;
import dev.failover.broker.Brokers;
import dev.failover.broker.FailureReason;
import dev.failover.connection.OpenConnection;
import dev.failover.integration.QueueOnBroker;
import dev.failover.test.EmbeddedBroker;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link TopologyGate} with an embedded broker.
 */
class TopologyGateTests {

	private final EmbeddedBroker embedded = EmbeddedBroker.builder().start();

	private final Brokers brokers = new Brokers(List.of(broker("one"), broker("two")), Clock.systemUTC());

	private final GenericApplicationContext context = new GenericApplicationContext();

	private final TopologyGate gate = new TopologyGate(this.brokers, this.context, true, Duration.ofSeconds(1));

	private final ConnectionFactory target = new ConnectionFactory();

	private RabbitAdmin admin;

	@BeforeEach
	void createAdmin() throws Exception {
		this.target.setUri(this.embedded.uri());
		this.target.setAutomaticRecoveryEnabled(false);
		Queue orders = new Queue("orders");
		Queue mine = new Queue("mine", false, true, false);
		FanoutExchange shop = new FanoutExchange("shop");
		this.context.registerBean(Declarables.class, () -> new Declarables(orders, mine, shop,
				BindingBuilder.bind(orders).to(shop), BindingBuilder.bind(mine).to(shop)));
		this.context.refresh();
		this.admin = new RabbitAdmin(new CachingConnectionFactory(this.target));
		this.admin.setApplicationContext(this.context);
		this.admin.setRedeclareManualDeclarations(true);
		this.gate.add(this.admin);
	}

	@AfterEach
	void close() {
		((CachingConnectionFactory) this.admin.getRabbitTemplate().getConnectionFactory()).destroy();
		this.context.close();
		this.embedded.close();
	}

	@Test
	void nothingIsDeclaredBeforeTheBeansExist() throws Exception {
		prepare("one");
		assertThat(exists("orders")).isFalse();
		assertThat(this.gate.hasDeclared(activation("one"))).isFalse();
	}

	@Test
	void whatAnAdminWouldDeclareIsDeclaredExceptForQueuesOfConnections() throws Exception {
		this.gate.open();
		prepare("one");
		assertThat(exists("orders")).isTrue();
		assertThat(exists("mine")).isFalse();
		assertThat(this.gate.getQueuesOfConnections()).containsExactly("mine");
		assertThat(this.gate.hasDeclared(activation("one"))).isTrue();
		assertThat(this.gate.hasDeclared(activation("two"))).isFalse();
	}

	@Test
	@DisplayName("Behaviour 26: what was declared at run time is declared anew")
	void whatWasDeclaredAtRunTimeIsDeclaredUntilItIsDeleted() throws Exception {
		this.gate.open();
		this.admin.declareQueue(new Queue("late"));
		new QueueOnBroker(this.embedded, "late").delete();
		prepare("one");
		assertThat(exists("late")).isTrue();
		this.admin.declareQueue(new Queue("later"));
		assertThat(this.gate.hasDeclared(activation("one"))).isFalse();
		this.admin.deleteQueue("later");
		assertThat(this.gate.hasDeclared(activation("one"))).isTrue();
	}

	@Test
	@DisplayName("Behaviour 16: what was declared on a broker is forgotten when it fails")
	void brokerThatFailedIsDeclaredAnew() throws Exception {
		this.gate.open();
		prepare("one");
		Activation before = activation("one");
		this.brokers.failed(before, FailureReason.CONNECTION_LOST, null);
		assertThat(this.gate.hasDeclared(activation("one"))).isFalse();
	}

	@Test
	void brokerThatIsAddedAgainUnderItsNameIsDeclaredAnew() throws Exception {
		this.gate.open();
		prepare("two");
		Activation before = activation("two");
		assertThat(this.gate.hasDeclared(before)).isTrue();
		this.brokers.operations().remove("two");
		this.brokers.operations().add(broker("two"), BrokerCredentials.of("guest", "guest"));
		assertThat(this.gate.hasDeclared(activation("two"))).isFalse();
		prepare("two");
		assertThat(this.gate.hasDeclared(activation("two"))).isTrue();
	}

	@Test
	void brokersThatWereRemovedAreForgotten() throws Exception {
		this.gate.open();
		prepare("two");
		Activation before = activation("two");
		this.brokers.operations().remove("two");
		prepare("one");
		assertThat(this.gate.hasDeclared(before)).isFalse();
	}

	private void prepare(String name) throws Exception {
		Activation activation = activation(name);
		try (Connection connection = this.target.newConnection(); Socket socket = new Socket()) {
			this.gate.prepare(new OpenConnection(activation.broker(), activation.incarnation(), connection, socket));
		}
	}

	private Activation activation(String name) {
		Broker broker = this.brokers.getStatus(name).orElseThrow().broker();
		return new Activation(broker, this.brokers.getIncarnation(broker));
	}

	private boolean exists(String queue) {
		return new QueueOnBroker(this.embedded, queue).exists();
	}

	private Broker broker(String name) {
		return Broker.of(name, "localhost", this.embedded.port());
	}

}
