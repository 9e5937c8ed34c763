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

package dev.failover.test;

import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.TimeoutException;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AuthenticationFailureException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.ShutdownSignalException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;

import dev.failover.test.junit.EachRabbit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

@ParameterizedClass
@EachRabbit
class RabbitNodeIntegrationTests {

	private static RabbitNode node;

	@Parameter
	private String version;

	@BeforeParameterizedClassInvocation
	static void startNode(String version) {
		node = RabbitNode.builder()
			.version(version)
			.name("main")
			.user("app", "s/e c:ret")
			.user("guest", "guest", "other")
			.virtualHost("orders", "other", "/")
			.start();
	}

	@AfterParameterizedClassInvocation
	static void closeNode() {
		if (node != null) {
			node.close();
		}
	}

	@BeforeEach
	void startAgain() {
		node.start();
	}

	@Test
	void runsTheVersionThatWasAskedFor() throws Exception {
		assertThat(node.version()).isEqualTo(this.version);
		assertThat(node.run("rabbitmqctl", "version")).isEqualTo(this.version);
		try (Connection connection = Clients.connect(node)) {
			assertThat(connection.getServerProperties().get("version")).hasToString(this.version);
		}
	}

	@Test
	void tellsWhatAToolPrintedWhenItFails() {
		assertThatIllegalStateException().isThrownBy(() -> node.run("rabbitmqctl", "set_permissions", "nobody"))
			.withMessageContaining("'rabbitmqctl set_permissions nobody'")
			.withMessageContaining("failed with status");
	}

	@Test
	void keepsDurablePersistentMessagesOverGracefulRestart() throws Exception {
		Connection connection = publishOne("graceful");
		node.stop();
		assertThat(Clients.awaitClosed(connection).getReason()).isInstanceOf(AMQP.Connection.Close.class);
		assertThat(node.isRunning()).isFalse();
		assertThatExceptionOfType(ConnectException.class).isThrownBy(() -> Clients.connect(node));
		node.start();
		assertThat(consume("graceful")).isEqualTo("message");
	}

	@Test
	void keepsConfirmedMessagesOverKill() throws Exception {
		Connection connection = publishOne("killed");
		int port = node.port();
		// a node that is killed before it has written that comes back without the queue
		node.administration().flush();
		node.kill();
		assertThat(Clients.awaitClosed(connection).getReason()).isNull();
		assertThatExceptionOfType(ConnectException.class).isThrownBy(() -> Clients.connect(node));
		node.start();
		assertThat(node.port()).isEqualTo(port);
		assertThat(consume("killed")).isEqualTo("message");
	}

	@Test
	void answersNothingWhileFrozen() throws Exception {
		try (Connection connection = Clients.connect(node)) {
			Channel channel = connection.createChannel();
			node.freeze();
			assertThat(node.isFrozen()).isTrue();
			assertThat(node.isRunning()).isTrue();
			ConnectionFactory impatient = Clients.factory(node.uri());
			impatient.setHandshakeTimeout(500);
			assertThatExceptionOfType(TimeoutException.class).isThrownBy(impatient::newConnection);
			assertThat(connection.isOpen()).isTrue();
			assertThatIllegalStateException().isThrownBy(() -> node.evaluate("ok."));
			node.thaw();
			Clients.declare(channel, "thawed", false);
		}
	}

	@Test
	void canBeKilledAndStoppedWhileFrozen() {
		node.freeze();
		node.kill();
		assertThat(node.isRunning()).isFalse();
		node.start();
		node.freeze();
		node.stop();
		assertThat(node.isRunning()).isFalse();
	}

	@Test
	void blocksPublishersWhileAlarmIsRaised() throws Exception {
		try (Connection connection = Clients.connect(node)) {
			BlockedState state = new BlockedState();
			connection.addBlockedListener(state);
			Channel channel = connection.createChannel();
			Clients.declare(channel, "alarm", true);
			node.raiseMemoryAlarm();
			channel.confirmSelect();
			channel.basicPublish("", "alarm", null, new byte[1]);
			await().until(state::isBlocked);
			assertThatExceptionOfType(TimeoutException.class).isThrownBy(() -> channel.waitForConfirms(300));
			node.clearMemoryAlarm();
			await().until(() -> !state.isBlocked());
			assertThat(channel.waitForConfirms(5000)).isTrue();
		}
	}

	@Test
	void separatesUsersAndVirtualHosts() throws Exception {
		try (Connection connection = Clients.connect(node)) {
			assertThat(connection.isOpen()).isTrue();
		}
		assertThatExceptionOfType(AuthenticationFailureException.class)
			.isThrownBy(() -> Clients.factory(uri("app", "wrong", "orders")).newConnection());
		assertThatExceptionOfType(IOException.class)
			.isThrownBy(() -> Clients.factory(uri("guest", "guest", "orders")).newConnection());
		Clients.factory(uri("guest", "guest", "other")).newConnection().close();
	}

	@Test
	void changesUsersAndVirtualHostsWhileItRuns() throws Exception {
		RabbitAdministration administration = node.administration();
		administration.addVirtualHost("new");
		administration.addUser("someone", "first");
		administration.permit("someone", "new");
		Clients.factory(uri("someone", "first", "new")).newConnection().close();
		administration.changePassword("someone", "second");
		assertThatExceptionOfType(AuthenticationFailureException.class)
			.isThrownBy(() -> Clients.factory(uri("someone", "first", "new")).newConnection());
		Clients.factory(uri("someone", "second", "new")).newConnection().close();
		administration.deleteUser("someone");
		administration.deleteVirtualHost("new");
		assertThatExceptionOfType(AuthenticationFailureException.class)
			.isThrownBy(() -> Clients.factory(uri("someone", "second", "new")).newConnection());
	}

	@Test
	void resetsToTheStateOfItsFirstStart() throws Exception {
		Connection connection = publishOne("reset");
		node.administration().addUser("leftover", "x");
		node.raiseMemoryAlarm();
		node.raiseDiskAlarm();
		node.administration().reset();
		Clients.awaitClosed(connection);
		assertThat(node.administration().messageCount("reset")).isZero();
		try (Connection again = Clients.connect(node)) {
			Channel channel = again.createChannel();
			Clients.declare(channel, "reset", true);
			Clients.publishConfirmed(channel, "reset", "message", true);
		}
		assertThatExceptionOfType(AuthenticationFailureException.class)
			.isThrownBy(() -> Clients.factory(uri("leftover", "x", "orders")).newConnection());
	}

	@Test
	void closesConnectionsAsAnOperatorDoes() throws Exception {
		Connection connection = Clients.connect(node);
		await().until(() -> node.administration().connectionCount() == 1);
		node.administration().closeConnections();
		ShutdownSignalException reason = Clients.awaitClosed(connection);
		assertThat(reason.getReason()).isInstanceOfSatisfying(AMQP.Connection.Close.class,
				(close) -> assertThat(close.getReplyCode()).isEqualTo(AMQP.CONNECTION_FORCED));
	}

	@Test
	void tellsWhyItDidNotStart() {
		assertThatIllegalStateException()
			.isThrownBy(() -> RabbitNode.builder().name("broken").configuration("no.such.setting = 1").start())
			.withMessageContaining("ended at its start")
			.withMessageContaining("no.such.setting");
		assertThatIllegalStateException()
			.isThrownBy(() -> RabbitNode.builder().name("slow").startTimeout(Duration.ofMillis(1)).start())
			.withMessageContaining("did not start within PT0.001S");
	}

	@Test
	void cannotBeStartedOnceClosed() {
		RabbitNode closed = RabbitNode.builder().build();
		closed.close();
		closed.close();
		assertThatIllegalStateException().isThrownBy(closed::start);
	}

	private static URI uri(String user, String password, String virtualHost) {
		return AmqpUris.create("amqp", user, password, node.host(), node.port(), virtualHost);
	}

	private static Connection publishOne(String queue) throws Exception {
		Connection connection = Clients.connect(node);
		Channel channel = connection.createChannel();
		Clients.declare(channel, queue, true);
		Clients.publishConfirmed(channel, queue, "message", true);
		assertThat(node.administration().messageCount(queue)).isOne();
		return connection;
	}

	private static String consume(String queue) throws Exception {
		try (Connection connection = Clients.connect(node)) {
			return Clients.get(connection.createChannel(), queue);
		}
	}

}
