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
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

import org.junit.jupiter.params.ParameterizedTest;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

import dev.failover.broker.BrokerHealth;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitNode;
import dev.failover.test.TlsFiles;
import dev.failover.test.junit.EachRabbit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * The health check over HTTPS, with a certificate of an authority of its own, as the
 * broker itself has.
 */
class ManagementTlsIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(30);

	@ParameterizedTest
	@EachRabbit
	void bundleOfTheBrokerHoldsForItsManagementApi(String version) {
		try (RabbitNode node = RabbitNode.builder().version(version).tls().management().start()) {
			assertThat(health(node, node.tls().uri(), "failover.brokers[0].ssl-bundle=private"))
				.isEqualTo(BrokerHealth.healthy());
			assertThat(health(node, node.tls().uri(), "spring.rabbitmq.ssl.bundle=private"))
				.isEqualTo(BrokerHealth.healthy());
			assertThat(health(node, node.uri()).reason()).contains("SSLHandshakeException");
		}
	}

	private static BrokerHealth health(RabbitNode node, URI uri, String... further) {
		TlsFiles files = node.tls().files();
		List<String> properties = new ArrayList<>(List.of("failover.brokers[0].uri=" + uri,
				"failover.brokers[0].management-uri=" + node.management(), "failover.health-check.timeout=10s",
				"spring.ssl.bundle.pem.private.truststore.certificate=file:" + files.caCertificate()));
		Collections.addAll(properties, further);
		try (ConfigurableApplicationContext context = Applications.run(Application.class,
				properties.toArray(String[]::new))) {
			context.getBean(FailoverTemplate.class).execute((channel) -> channel.queueDeclare().getQueue());
			Brokers brokers = context.getBean(Brokers.class);
			return await().atMost(PATIENCE).until(() -> status(brokers).health(), (health) -> health != null);
		}
	}

	private static BrokerStatus status(Brokers brokers) {
		return brokers.getStatuses().get(0);
	}

	@Configuration(proxyBeanMethods = false)
	static class Application {

	}

}
