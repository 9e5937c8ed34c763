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

import java.util.concurrent.atomic.AtomicInteger;

import com.rabbitmq.client.impl.CredentialsProvider;
import com.rabbitmq.client.impl.DefaultCredentialsProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.support.GenericApplicationContext;

import dev.failover.broker.BrokerFailure;
import dev.failover.broker.Brokers;
import dev.failover.broker.FailureReason;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.EachRabbit;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for a {@link CredentialsProvider} of the application when a broker refuses the
 * login.
 */
@ParameterizedClass
@EachRabbit
class CredentialsIntegrationTests {

	@North
	private static RabbitNode node;

	@South
	private static RabbitNode next;

	@Parameter
	private String version;

	@Test
	void refreshedCredentialsAreTriedBeforeTheNextBroker() {
		Renewing provider = new Renewing(node.password());
		assertThat(activeBroker(provider)).isEqualTo("first");
		assertThat(provider.refreshed).hasValue(1);
	}

	@Test
	void nextBrokerIsUsedIfTheRefreshedCredentialsAreRefusedToo() {
		Renewing provider = new Renewing("still wrong");
		assertThat(activeBroker(provider)).isEqualTo("second");
		assertThat(provider.refreshed).hasValue(1);
	}

	@Test
	void nextBrokerIsUsedIfTheProviderCannotRefresh() {
		assertThat(activeBroker(new DefaultCredentialsProvider(node.username(), "expired"))).isEqualTo("second");
	}

	private static String activeBroker(CredentialsProvider provider) {
		SpringApplication application = new SpringApplication(Applications.AutoConfigured.class);
		application.setWebApplicationType(WebApplicationType.NONE);
		application.setRegisterShutdownHook(false);
		application.addInitializers((ApplicationContextInitializer<GenericApplicationContext>) (context) -> context
			.registerBean(CredentialsProvider.class, () -> provider));
		try (ConfigurableApplicationContext context = application.run("--failover.brokers[0].name=first",
				"--failover.brokers[0].uri=amqp://localhost:%d/%s".formatted(node.port(), node.virtualHost()),
				"--failover.brokers[1].name=second", "--failover.brokers[1].uri=" + next.uri(),
				"--failover.connect.race-delay=0", "--failover.standby=false",
				"--failover.detection.probe-interval=1h")) {
			context.getBean(ConnectionFactory.class).createConnection().close();
			Brokers brokers = context.getBean(Brokers.class);
			String active = brokers.getActive().name();
			BrokerFailure failure = brokers.getStatuses().get(0).lastFailure();
			if ("first".equals(active)) {
				assertThat(failure).isNull();
			}
			else {
				assertThat(failure).extracting(BrokerFailure::reason).isEqualTo(FailureReason.ACCESS_REFUSED);
			}
			return active;
		}
	}

	/**
	 * Has an expired password until it is told to refresh.
	 */
	private static final class Renewing implements CredentialsProvider {

		private final AtomicInteger refreshed = new AtomicInteger();

		private final String renewed;

		Renewing(String renewed) {
			this.renewed = renewed;
		}

		@Override
		public String getUsername() {
			return node.username();
		}

		@Override
		public String getPassword() {
			return (this.refreshed.get() == 0) ? "expired" : this.renewed;
		}

		@Override
		public void refresh() {
			this.refreshed.incrementAndGet();
		}

	}

}
