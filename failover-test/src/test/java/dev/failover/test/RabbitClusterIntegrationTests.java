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

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

import dev.failover.test.junit.BrokerTest;
import dev.failover.test.junit.Rabbit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

@BrokerTest
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class RabbitClusterIntegrationTests {

	private static RabbitNode joined;

	@Test
	@Order(1)
	void runsTwoNodesAtOnceAndJoinsThem(@Rabbit(name = "first") RabbitNode first,
			@Rabbit(name = "second") RabbitNode second) throws Exception {
		assertThat(second.port()).isNotEqualTo(first.port());
		try (Connection connection = Clients.connect(first)) {
			Channel channel = connection.createChannel();
			Clients.declare(channel, "q", true);
			Clients.publishConfirmed(channel, "q", "message", true);
		}
		assertThat(second.administration().messageCount("q")).isZero();
		second.administration().join(first);
		try (Connection connection = Clients.connect(second)) {
			assertThat(Clients.get(connection.createChannel(), "q")).isEqualTo("message");
		}
		assertThatIllegalStateException().isThrownBy(() -> first.administration().reset());
		joined = first;
	}

	@Test
	@Order(2)
	void doesNotUseMembersOfClustersAgain(@Rabbit(name = "first") RabbitNode first) {
		assertThat(first).isNotSameAs(joined);
		assertThat(first.evaluate("length(rabbit_mnesia:cluster_nodes(all)).")).isEqualTo("1");
	}

}
