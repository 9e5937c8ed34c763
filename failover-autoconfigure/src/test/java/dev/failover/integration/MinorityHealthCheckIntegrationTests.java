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

import java.net.URI;
import java.time.Duration;
import java.util.List;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerCredentials;
import dev.failover.broker.BrokerHealth;
import dev.failover.detection.ManagementApi;
import dev.failover.detection.ManagementHealthCheck;
import dev.failover.test.RabbitCluster;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;
import dev.failover.test.junit.EachRabbit;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What the health check over HTTP says of a real node.
 */
@BrokerTest
@ParameterizedClass
@EachRabbit
class MinorityHealthCheckIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(150);

	@Parameter
	private String version;

	@Test
	void nodeIsUnhealthyWithAnAlarmAndWithoutAMajority() throws Exception {
		try (RabbitCluster cluster = RabbitCluster.builder()
			.nodes((node) -> node.version(this.version).management())
			.start()) {
			RabbitNode node = cluster.node(0);
			awaitHealth(node, "guest", "guest", null);
			node.administration().addUser("watch", "pw");
			awaitHealth(node, "watch", "pw", "who needs the tag 'monitoring'");
			node.run("rabbitmqctl", "set_user_tags", "watch", "management");
			awaitHealth(node, "watch", "pw", "who needs the tag 'monitoring'");
			node.run("rabbitmqctl", "set_user_tags", "watch", "monitoring");
			awaitHealth(node, "watch", "pw", null);
			node.raiseMemoryAlarm();
			awaitHealth(node, "watch", "pw", "alarm");
			node.clearMemoryAlarm();
			awaitHealth(node, "watch", "pw", null);
			cluster.others(node).forEach(RabbitNode::freeze);
			awaitHealth(node, "watch", "pw", "");
			cluster.others(node).forEach(RabbitNode::thaw);
			awaitHealth(node, "watch", "pw", null);
			List<RabbitNode> killed = cluster.leaveMinority(node);
			awaitHealth(node, "watch", "pw", "1 of the 3 nodes of its cluster runs");
			killed.get(0).start();
			awaitHealth(node, "watch", "pw", null);
		}
	}

	private static void awaitHealth(RabbitNode node, String user, String password, String reason) {
		URI uri = node.management();
		ManagementApi api = new ManagementApi(URI.create("http://%s:%d".formatted(uri.getHost(), uri.getPort())),
				BrokerCredentials.of(user, password));
		try (ManagementHealthCheck check = new ManagementHealthCheck((broker) -> api, (broker) -> null,
				Duration.ofSeconds(10))) {
			Broker broker = Broker.of("node", node.host(), node.port());
			Awaitility.await().atMost(PATIENCE).untilAsserted(() -> {
				BrokerHealth health = check.check(broker);
				assertThat(health.isHealthy()).as(health.toString()).isEqualTo(reason == null);
				if (reason != null) {
					assertThat(health.reason()).contains(reason);
				}
			});
		}
	}

}
