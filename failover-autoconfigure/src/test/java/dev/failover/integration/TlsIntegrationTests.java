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

import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.broker.BrokerFailure;
import dev.failover.broker.Brokers;
import dev.failover.broker.FailureReason;
import dev.failover.test.RabbitNode;
import dev.failover.test.TlsFiles;
import dev.failover.test.junit.BrokersExtension;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for brokers with a certificate authority each. The first one asks for a
 * certificate of the client, the last one has the certificate of another host.
 */
@ExtendWith(OutputCaptureExtension.class)
class TlsIntegrationTests {

	private static RabbitNode strict;

	private static RabbitNode second;

	private static RabbitNode foreign;

	@BeforeAll
	static void startNodes() {
		BrokersExtension.requireRabbit();
		strict = RabbitNode.builder()
			.name("strict")
			.tls()
			.configuration("ssl_options.fail_if_no_peer_cert = true")
			.start();
		second = RabbitNode.builder().name("second").user("south", "south-secret").tls().start();
		foreign = RabbitNode.builder().name("foreign").tls("elsewhere.example.com").start();
	}

	@AfterAll
	static void closeNodes() {
		for (RabbitNode node : new RabbitNode[] { strict, second, foreign }) {
			if (node != null) {
				node.close();
			}
		}
	}

	@Test
	@DisplayName("Behaviour 4: each broker has a TLS configuration of its own: an SSL bundle by name, with a client certificate")
	void eachBrokerHasItsOwnBundle() {
		try (ConfigurableApplicationContext context = run(broker(0, strict, "strict"), broker(1, second, "second"),
				identity("strict", strict), trust("strict", strict), trust("second", second), "failover.startup=all")) {
			RabbitTemplate template = context.getBean(RabbitTemplate.class);
			template.convertAndSend(Shop.QUEUE, "first");
			assertThat(active(context)).isEqualTo("strict");
			strict.kill();
			template.convertAndSend(Shop.QUEUE, "second");
			assertThat(active(context)).isEqualTo("second");
		}
		finally {
			strict.start();
		}
	}

	@Test
	void brokerWhoseBundleTrustsAnotherAuthorityIsLeftForTheNext(CapturedOutput output) {
		try (ConfigurableApplicationContext context = run(broker(0, second, "wrong"), broker(1, strict, "strict"),
				trust("wrong", strict), identity("strict", strict), trust("strict", strict))) {
			assertLeftForTls(context, "strict", output, "unable to find valid certification path");
		}
	}

	/**
	 * The client reads why, or notices that the connection was reset.
	 */
	@RepeatedTest(5)
	void brokerThatMissesTheCertificateOfTheClientIsLeftForTheNext() {
		try (ConfigurableApplicationContext context = run(broker(0, strict, "anonymous"), broker(1, second, "second"),
				trust("anonymous", strict), trust("second", second))) {
			context.getBean(RabbitTemplate.class).convertAndSend(Shop.QUEUE, "order");
			assertThat(active(context)).isEqualTo("second");
			assertThat(context.getBean(Brokers.class).getStatuses().get(0).lastFailure())
				.satisfies((failure) -> assertThat(failure.reason()).isEqualTo(FailureReason.TLS))
				.satisfies((failure) -> assertThat(failure.description()).contains("certificate"));
		}
	}

	@Test
	void brokerWithTheCertificateOfAnotherHostIsLeftForTheNext(CapturedOutput output) {
		try (ConfigurableApplicationContext context = run(broker(0, foreign, "foreign"), broker(1, second, "second"),
				trust("foreign", foreign), trust("second", second))) {
			assertLeftForTls(context, "second", output, "No subject alternative DNS name matching localhost");
		}
	}

	@Test
	void hostNamesAreNotVerifiedIfTheUserSaysSo() {
		try (ConfigurableApplicationContext context = run(broker(0, foreign, "foreign"),
				"spring.rabbitmq.ssl.verify-hostname=false", trust("foreign", foreign))) {
			context.getBean(RabbitTemplate.class).convertAndSend(Shop.QUEUE, "order");
			assertThat(active(context)).isEqualTo("foreign");
		}
	}

	private static void assertLeftForTls(ConfigurableApplicationContext context, String next, CapturedOutput output,
			String why) {
		context.getBean(RabbitTemplate.class).convertAndSend(Shop.QUEUE, "order");
		assertThat(active(context)).isEqualTo(next);
		BrokerFailure failure = context.getBean(Brokers.class).getStatuses().get(0).lastFailure();
		assertThat(failure).isNotNull().extracting(BrokerFailure::reason).isEqualTo(FailureReason.TLS);
		assertThat(failure.description()).contains(why);
		assertThat(output.getAll().lines().filter((line) -> line.matches(".*ERROR.*dev\\.failover\\.events.*")))
			.hasSize(1)
			.first()
			.asString()
			.contains("TLS", why)
			.doesNotContain("secret");
	}

	private static String active(ConfigurableApplicationContext context) {
		var active = context.getBean(Brokers.class).getActive();
		return (active != null) ? active.name() : "";
	}

	private static String[] broker(int index, RabbitNode node, String bundle) {
		String prefix = "failover.brokers[%d].".formatted(index);
		return new String[] { prefix + "uri=" + node.tls().uri(), prefix + "name=" + node.name(),
				prefix + "ssl-bundle=" + bundle };
	}

	private static String trust(String bundle, RabbitNode node) {
		return "spring.ssl.bundle.pem.%s.truststore.certificate=%s".formatted(bundle,
				node.tls().files().caCertificate());
	}

	private static String[] identity(String bundle, RabbitNode node) {
		String prefix = "spring.ssl.bundle.pem.%s.keystore.".formatted(bundle);
		TlsFiles files = node.tls().files();
		return new String[] { prefix + "certificate=" + files.clientCertificate(),
				prefix + "private-key=" + files.clientKey() };
	}

	private static ConfigurableApplicationContext run(Object... properties) {
		// on a busy machine, the first handshake can take longer than the race delay
		List<String> all = new ArrayList<>(List.of("failover.connect.race-delay=0", "failover.connect.timeout=20s"));
		for (Object property : properties) {
			all.addAll((property instanceof String[] several) ? List.of(several) : List.of(property.toString()));
		}
		return Applications.run(Shop.class, all.toArray(String[]::new));
	}

	@Configuration(proxyBeanMethods = false)
	static class Shop {

		static final String QUEUE = "orders";

		@Bean
		Queue orders() {
			return new Queue(QUEUE);
		}

	}

}
