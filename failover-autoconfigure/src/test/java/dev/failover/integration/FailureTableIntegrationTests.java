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
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeoutException;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AuthenticationFailureException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.DefaultConsumer;
import com.rabbitmq.client.ShutdownNotifier;
import com.rabbitmq.client.ShutdownSignalException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;

import dev.failover.failure.ClientOperation;
import dev.failover.failure.CloseReason;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.EachRabbit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

/**
 * Has real brokers close connections and channels, and compares with the rows of
 * {@link CloseReason}.
 */
@ParameterizedClass
@EachRabbit
class FailureTableIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(90);

	private static RabbitNode node;

	@Parameter
	private String version;

	private final Set<Connection> connections = new HashSet<>();

	@BeforeParameterizedClassInvocation
	static void start(String version) {
		node = RabbitNode.builder().version(version).configuration("max_message_size = 1000").start();
		node.administration().addUser("limited", "secret");
		node.administration().permit("limited", node.virtualHost());
	}

	@AfterParameterizedClassInvocation
	static void stop() {
		node.close();
	}

	@AfterEach
	void close() {
		this.connections.forEach(Connection::abort);
	}

	private static void ctl(String... arguments) {
		node.run("rabbitmqctl", arguments);
	}

	@Test
	void nodeIsPutIntoMaintenanceMode() throws Exception {
		Connection connection = connect();
		node.administration().drain();
		try {
			assertClosed(connection, CloseReason.MAINTENANCE, null);
		}
		finally {
			node.administration().revive();
		}
	}

	@Test
	void nodeStops() throws Exception {
		Connection connection = connect();
		ctl("stop_app");
		try {
			assertClosed(connection, CloseReason.SHUTDOWN, null);
		}
		finally {
			ctl("start_app");
		}
	}

	@Test
	void virtualHostIsDeleted() throws Exception {
		node.administration().addVirtualHost("deleted");
		node.administration().permit("limited", "deleted");
		Connection connection = connect("limited", "deleted");
		node.administration().deleteVirtualHost("deleted");
		assertClosed(connection, CloseReason.VIRTUAL_HOST_GONE, null);
		assertRefused("limited", "deleted", CloseReason.VIRTUAL_HOST_REFUSED);
	}

	@Test
	void virtualHostIsDown() throws Exception {
		node.administration().addVirtualHost("stopped");
		node.administration().permit("limited", "stopped");
		Connection connection = connect("limited", "stopped");
		node.evaluate("{ok, Sup} = rabbit_vhost_sup_sup:get_vhost_sup(<<\"stopped\">>), exit(Sup, kill).");
		assertClosed(connection, CloseReason.VIRTUAL_HOST_GONE, null);
		node.administration().deleteVirtualHost("stopped");
	}

	@Test
	void operatorClosesAConnection() throws Exception {
		Connection connection = connect();
		ctl("close_all_connections", "too many here");
		assertClosed(connection, CloseReason.CLOSED_BY_OPERATOR, null);
	}

	@Test
	void limitOnConnectionsIsReached() {
		ctl("set_vhost_limits", "-p", node.virtualHost(), "{\"max-connections\":0}");
		assertRefused("limited", node.virtualHost(), CloseReason.CONNECTION_LIMIT);
		ctl("clear_vhost_limits", "-p", node.virtualHost());
		ctl("set_user_limits", "limited", "{\"max-connections\":0}");
		assertRefused("limited", node.virtualHost(), CloseReason.CONNECTION_LIMIT);
		ctl("clear_user_limits", "limited", "all");
		if (this.version.startsWith("4")) {
			assertNodeRefused();
		}
	}

	/**
	 * RabbitMQ 3.10 takes no further connection from the operating system then.
	 */
	private void assertNodeRefused() {
		node.evaluate("application:set_env(rabbit, connection_max, 0).");
		try {
			assertRefused("limited", node.virtualHost(), CloseReason.CONNECTION_LIMIT);
		}
		finally {
			node.evaluate("application:set_env(rabbit, connection_max, infinity).");
		}
	}

	@Test
	void limitOnChannelsIsReached() throws Exception {
		ctl("set_user_limits", "limited", "{\"max-channels\":1}");
		try {
			assertChannelRefused();
		}
		finally {
			ctl("clear_user_limits", "limited", "all");
		}
	}

	private void assertChannelRefused() throws Exception {
		Connection connection = connect("limited", node.virtualHost());
		connection.createChannel();
		assertThatExceptionOfType(IOException.class).isThrownBy(connection::createChannel);
		assertClosed(connection, CloseReason.CHANNEL_LIMIT, null);
	}

	@Test
	void userHasNoAccessToTheVirtualHost() throws Exception {
		node.administration().addVirtualHost("foreign");
		assertRefused("limited", "foreign", CloseReason.VIRTUAL_HOST_REFUSED);
		assertRefused("limited", "missing", CloseReason.VIRTUAL_HOST_REFUSED);
	}

	/**
	 * The client has no close to show for it.
	 */
	@Test
	void passwordIsWrong() {
		ConnectionFactory factory = factory("limited", node.virtualHost());
		factory.setPassword("wrong");
		assertThatExceptionOfType(AuthenticationFailureException.class).isThrownBy(factory::newConnection)
			.withMessageContaining("ACCESS_REFUSED");
	}

	@Test
	void consumerTagIsInUse() throws Exception {
		Channel channel = connect().createChannel();
		String queue = channel.queueDeclare().getQueue();
		channel.basicConsume(queue, false, "tag", new DefaultConsumer(channel));
		Throwable failure = catchThrowable(
				() -> channel.basicConsume(queue, false, "tag", new DefaultConsumer(channel)));
		assertClosed(channel.getConnection(), CloseReason.NOT_ALLOWED, ClientOperation.BASIC_CONSUME);
		assertThat(ClientOperation.calledIn(failure)).isEqualTo(ClientOperation.BASIC_CONSUME);
	}

	@Test
	void messageIsPublishedAsImmediate() throws Exception {
		Channel channel = connect().createChannel();
		channel.basicPublish("", "nowhere", false, true, null, new byte[1]);
		assertClosed(channel.getConnection(), CloseReason.NOT_IMPLEMENTED, ClientOperation.BASIC_PUBLISH);
	}

	@Test
	void channelIsOpenedTwice() throws Exception {
		Channel channel = connect().createChannel();
		channel.asyncRpc(new AMQP.Channel.Open.Builder().build());
		assertClosed(channel.getConnection(), CloseReason.CHANNEL_ERROR, ClientOperation.CHANNEL_OPEN);
	}

	@Test
	void methodIsNoneOfAClient() throws Exception {
		Channel channel = connect().createChannel();
		channel.asyncRpc(new AMQP.Queue.DeclareOk.Builder().queue("q").build());
		assertClosed(channel.getConnection(), CloseReason.COMMAND_INVALID, null);
	}

	/**
	 * No operation is named when a channel of the broker crashes.
	 */
	@Test
	void channelOfTheBrokerCrashes() throws Exception {
		Channel channel = connect().createChannel();
		node.evaluate("[exit(Pid, crashed_by_a_test) || Pid <- rabbit_channel:list()].");
		assertClosed(channel.getConnection(), CloseReason.INTERNAL_ERROR, null);
	}

	@Test
	void membersOfAQuorumQueueAreStopped() throws Exception {
		Channel channel = connect().createChannel();
		channel.queueDeclare("quorum", true, false, false, Map.of("x-queue-type", "quorum"));
		node.evaluate("ra:stop_server(quorum_queues, {'%2F_quorum', node()}).");
		Throwable failure = catchThrowable(() -> channel.basicConsume("quorum", false, new DefaultConsumer(channel)));
		assertClosed(channel.getConnection(), CloseReason.INTERNAL_ERROR,
				this.version.startsWith("4") ? ClientOperation.BASIC_CONSUME : null);
		assertThat(ClientOperation.calledIn(failure)).isEqualTo(ClientOperation.BASIC_CONSUME);
	}

	@Test
	void queueIsMissing() throws Exception {
		Channel channel = connect().createChannel();
		catchThrowable(() -> channel.queueDeclarePassive("missing"));
		assertClosed(channel, CloseReason.NOT_FOUND, ClientOperation.QUEUE_DECLARE);
	}

	@Test
	void exchangeIsMissing() throws Exception {
		Channel channel = connect().createChannel();
		channel.basicPublish("missing", "", null, new byte[1]);
		assertClosed(channel, CloseReason.NOT_FOUND, ClientOperation.BASIC_PUBLISH);
	}

	@Test
	void processOfAQueueIsStopped() throws Exception {
		Channel channel = connect().createChannel();
		channel.queueDeclare("stopped", true, false, false, null);
		node.evaluate("{ok, Q} = rabbit_amqqueue:lookup(rabbit_misc:r(<<\"/\">>, queue, <<\"stopped\">>)), "
				+ "{ok, Sup} = rabbit_vhost_sup_sup:get_vhost_sup(<<\"/\">>, node()), "
				+ "rabbit_amqqueue:mark_local_durable_queues_stopped(<<\"/\">>), "
				+ "exit(amqqueue:get_pid(Q), shutdown), Sup.");
		catchThrowable(() -> channel.queueDeclarePassive("stopped"));
		assertClosed(channel, CloseReason.QUEUE_STOPPED, ClientOperation.QUEUE_DECLARE);
	}

	@Test
	void queueBelongsToAnotherConnection() throws Exception {
		String queue = connect().createChannel().queueDeclare().getQueue();
		Channel channel = connect().createChannel();
		catchThrowable(() -> channel.queueDeclarePassive(queue));
		assertClosed(channel, CloseReason.RESOURCE_LOCKED, ClientOperation.QUEUE_DECLARE);
	}

	@Test
	void queueHasAnExclusiveConsumer() throws Exception {
		Channel channel = connect().createChannel();
		channel.queueDeclare("exclusive", true, false, true, null);
		channel.basicConsume("exclusive", false, "", false, true, null, new DefaultConsumer(channel));
		Channel other = connect().createChannel();
		catchThrowable(() -> other.basicConsume("exclusive", new DefaultConsumer(other)));
		assertClosed(other, CloseReason.EXCLUSIVE_CONSUMER, ClientOperation.BASIC_CONSUME);
	}

	@Test
	void userHasNoPermission() throws Exception {
		ctl("set_permissions", "-p", node.virtualHost(), "limited", "", "", "");
		try {
			Channel channel = connect("limited", node.virtualHost()).createChannel();
			channel.basicPublish("amq.fanout", "", null, new byte[1]);
			assertClosed(channel, CloseReason.PERMISSION_DENIED, ClientOperation.BASIC_PUBLISH);
		}
		finally {
			node.administration().permit("limited", node.virtualHost());
		}
	}

	@Test
	void exchangeIsInternal() throws Exception {
		Channel channel = connect().createChannel();
		channel.exchangeDeclare("internal", "fanout", false, true, true, null);
		channel.basicPublish("internal", "", null, new byte[1]);
		assertClosed(channel, CloseReason.ACCESS_REFUSED, ClientOperation.BASIC_PUBLISH);
	}

	@Test
	void replyConsumerIsMissing() throws Exception {
		Channel channel = connect().createChannel();
		channel.basicPublish("amq.fanout", "",
				new AMQP.BasicProperties.Builder().replyTo("amq.rabbitmq.reply-to").build(), new byte[1]);
		assertClosed(channel, CloseReason.NO_REPLY_CONSUMER, ClientOperation.BASIC_PUBLISH);
	}

	@Test
	void queueIsDifferent() throws Exception {
		Channel channel = connect().createChannel();
		channel.queueDeclare("different", true, false, true, null);
		catchThrowable(() -> channel.queueDeclare("different", true, false, false, null));
		assertClosed(channel, CloseReason.PRECONDITION_FAILED, ClientOperation.QUEUE_DECLARE);
	}

	@Test
	void messageIsTooLarge() throws Exception {
		Channel channel = connect().createChannel();
		channel.basicPublish("amq.fanout", "", null, new byte[1001]);
		ShutdownSignalException signal = assertClosed(channel, CloseReason.PRECONDITION_FAILED,
				ClientOperation.BASIC_PUBLISH);
		assertThat(CloseReason.text(signal)).contains("message size 1001");
	}

	private ConnectionFactory factory(String user, String virtualHost) {
		ConnectionFactory factory = new ConnectionFactory();
		factory.setHost(node.host());
		factory.setPort(node.port());
		factory.setUsername(user);
		factory.setPassword(user.equals("limited") ? "secret" : node.password());
		factory.setVirtualHost(virtualHost);
		factory.setAutomaticRecoveryEnabled(false);
		factory.setHandshakeTimeout(30000);
		return factory;
	}

	private Connection connect() throws IOException, TimeoutException {
		return connect(node.username(), node.virtualHost());
	}

	private Connection connect(String user, String virtualHost) throws IOException, TimeoutException {
		Connection connection = factory(user, virtualHost).newConnection();
		this.connections.add(connection);
		return connection;
	}

	private void assertRefused(String user, String virtualHost, CloseReason expected) {
		Throwable failure = catchThrowable(() -> connect(user, virtualHost));
		assertThat(CloseReason.in(failure)).as("%s", failure).isEqualTo(expected);
	}

	private static CloseReason closedWith(ShutdownNotifier closed) {
		await().atMost(PATIENCE).until(() -> closed.getCloseReason() != null);
		return CloseReason.of(closed.getCloseReason());
	}

	private static ShutdownSignalException assertClosed(ShutdownNotifier closed, CloseReason expected,
			ClientOperation operation) {
		CloseReason reason = closedWith(closed);
		ShutdownSignalException signal = closed.getCloseReason();
		assertThat(reason).as("%s", signal.getMessage()).isEqualTo(expected);
		assertThat(ClientOperation.named(signal)).as("%s", signal.getMessage()).isEqualTo(operation);
		assertThat(reason.isTested()).isTrue();
		return signal;
	}

}
