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

import java.time.Duration;
import java.util.List;
import java.util.Map;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ShutdownSignalException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;

import dev.failover.test.junit.EachRabbit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

@ParameterizedClass
@EachRabbit
class RabbitClusterIntegrationTests {

	private static final String QUEUE = "orders";

	private static RabbitCluster cluster;

	@Parameter
	private String version;

	@BeforeParameterizedClassInvocation
	static void startCluster(String version) throws Exception {
		cluster = RabbitCluster.builder().nodes((node) -> node.version(version)).start();
		try (Connection connection = Clients.connect(cluster.node(0))) {
			connection.createChannel().queueDeclare(QUEUE, true, false, false, Map.of("x-queue-type", "quorum"));
		}
	}

	@AfterParameterizedClassInvocation
	static void closeCluster() {
		if (cluster != null) {
			cluster.close();
		}
	}

	@BeforeEach
	void startAgain() {
		cluster.nodes().forEach(RabbitNode::start);
	}

	@Test
	void sharesQueuesBetweenItsNodes() throws Exception {
		assertThat(cluster.version()).isEqualTo(this.version);
		for (RabbitNode node : cluster.nodes()) {
			try (Connection connection = Clients.connect(node)) {
				connection.createChannel().queueDeclarePassive(QUEUE);
			}
		}
		assertThatIllegalStateException().isThrownBy(() -> cluster.node(0).administration().reset());
	}

	@Test
	void movesTheLeaderOfAQueue() {
		for (RabbitNode node : cluster.nodes()) {
			cluster.moveLeader(QUEUE, node);
			assertThat(cluster.leader(QUEUE)).isSameAs(node);
		}
	}

	@Test
	void knowsTheHomeOfAClassicQueue() throws Exception {
		RabbitNode home = cluster.node(1);
		try (Connection connection = Clients.connect(home)) {
			connection.createChannel().queueDeclare("audit", true, false, false, Map.of("x-queue-type", "classic"));
			assertThat(cluster.leader("audit")).isSameAs(home);
			connection.createChannel().queueDelete("audit");
		}
		assertThatIllegalStateException().isThrownBy(() -> cluster.leader("audit"))
			.withMessageContaining("Queue 'audit' has no leader");
	}

	@Test
	void disconnectsClientsForMaintenance() throws Exception {
		RabbitNode drained = cluster.node(2);
		Connection connection = Clients.connect(drained);
		drained.administration().drain();
		ShutdownSignalException reason = Clients.awaitClosed(connection);
		assertThat(reason.getReason()).isInstanceOfSatisfying(AMQP.Connection.Close.class, (close) -> {
			assertThat(close.getReplyCode()).isEqualTo(AMQP.CONNECTION_FORCED);
			assertThat(close.getReplyText()).contains("maintenance mode");
		});
		assertThat(AmqpProbe.answers(drained.port())).isFalse();
		assertThat(cluster.leader(QUEUE)).isNotSameAs(drained);
		drained.administration().revive();
		Clients.connect(drained).close();
	}

	@Test
	void leavesAMinority() throws Exception {
		RabbitNode survivor = cluster.node(1);
		List<RabbitNode> killed = cluster.leaveMinority(survivor);
		assertThat(killed).hasSize(2);
		assertThat(cluster.leaveMinority(survivor)).isEmpty();
		try (Connection connection = Clients.connect(survivor)) {
			Channel channel = connection.createChannel();
			channel.confirmSelect();
			channel.basicPublish("", QUEUE, null, new byte[1]);
			assertThat(survivor.isRunning()).isTrue();
			killed.get(0).start();
			await().atMost(Duration.ofSeconds(60)).until(() -> channel.waitForConfirms(1000));
		}
	}

}
