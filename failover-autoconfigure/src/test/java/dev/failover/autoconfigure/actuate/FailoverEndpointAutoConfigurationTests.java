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

package dev.failover.autoconfigure.actuate;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.util.Collections;
import java.util.Map;
import java.util.TreeSet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.api.Test;
import org.springframework.boot.actuate.endpoint.web.WebEndpointHttpMethod;
import org.springframework.boot.amqp.autoconfigure.RabbitAutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

import dev.failover.actuate.BrokerEventHistory;
import dev.failover.actuate.FailoverEndpoint;
import dev.failover.actuate.FailoverEndpointWebExtension;
import dev.failover.actuate.WebEndpoint;
import dev.failover.autoconfigure.FailoverAutoConfiguration;
import dev.failover.autoconfigure.ensure.FailoverEnsureAutoConfiguration;
import dev.failover.autoconfigure.rabbit.FailoverRabbitAutoConfiguration;
import dev.failover.autoconfigure.rabbit.FailoverTemplateAutoConfiguration;

import static org.assertj.core.api.Assertions.assertThat;

class FailoverEndpointAutoConfigurationTests {

	private static final String EXPOSED = "management.endpoints.web.exposure.include=failover";

	private static final String OPERATION = "failover/{operation}";

	private final ApplicationContextRunner runner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(FailoverEndpointAutoConfiguration.class,
				FailoverAutoConfiguration.class, FailoverRabbitAutoConfiguration.class,
				FailoverEnsureAutoConfiguration.class, FailoverTemplateAutoConfiguration.class,
				SslAutoConfiguration.class, RabbitAutoConfiguration.class))
		.withPropertyValues("failover.brokers=amqp://app:verysecret@a;amqp://app:verysecret@b",
				"failover.shutdown-timeout=100ms");

	@Test
	void tellsOfTheApplication() {
		this.runner.withPropertyValues(EXPOSED).run((context) -> {
			WebEndpoint.Answer answer = new WebEndpoint(context).get();
			assertThat(answer.<Map<String, Object>>read("$.brokers")).containsOnlyKeys("a:5672", "b:5672");
			assertThat(answer.<Map<String, Object>>read("$.publishers.rabbitTemplate"))
				.isEqualTo(Map.of("inFlight", 0, "maxInFlight", 1000, "waiting", 0));
			assertThat(answer.<Integer>read("$.callersWaiting")).isZero();
			assertThat(answer.<Integer>read("$.brokers['a:5672'].standbyConnections")).isZero();
			assertThat(answer.body()).doesNotContain("verysecret");
		});
	}

	@Test
	void tellsAllSettingsButTheBrokers() {
		this.runner
			.withPropertyValues(EXPOSED, "failover.ensure.max-retries=3", "failover.ensure.interval.multiplier=2")
			.run((context) -> {
				WebEndpoint.Answer answer = new WebEndpoint(context).get();
				Map<String, Object> settings = answer.read("$.settings");
				assertThat(new TreeSet<>(settings.keySet())).isEqualTo(documentedSettings());
				assertThat(settings).containsEntry("failover.ensure.max-retries", 3)
					.containsEntry("failover.connect.race-delay", "PT0.25S")
					.containsEntry("failover.listener.brokers", "AUTO")
					.containsEntry("failover.standby", true);
			});
	}

	@Test
	void isReadOnlyByDefault() {
		this.runner.withPropertyValues(EXPOSED)
			.run((context) -> assertThat(new WebEndpoint(context).find(WebEndpointHttpMethod.POST, OPERATION))
				.isEmpty());
	}

	@Test
	void refusesWithAStatusIfOperationsAreAllowed() {
		this.runner.withPropertyValues(EXPOSED, "management.endpoint.failover.access=UNRESTRICTED").run((context) -> {
			WebEndpoint endpoint = new WebEndpoint(context);
			assertThat(endpoint.find(WebEndpointHttpMethod.POST, OPERATION)).isPresent();
			assertThat(endpoint.post("activate", Map.of("broker", "c:5672")).status()).isEqualTo(404);
			assertThat(context).hasSingleBean(FailoverEndpointWebExtension.class);
		});
	}

	@Test
	void hasNothingForTheWebWhereItIsExposedToJmxAlone() {
		this.runner.withPropertyValues("management.endpoints.jmx.exposure.include=failover", "spring.jmx.enabled=true")
			.run((context) -> assertThat(context).hasSingleBean(FailoverEndpoint.class)
				.doesNotHaveBean(FailoverEndpointWebExtension.class));
	}

	private static TreeSet<String> documentedSettings() throws IOException {
		TreeSet<String> names = new TreeSet<>();
		ClassLoader classLoader = FailoverEndpointAutoConfigurationTests.class.getClassLoader();
		for (URL url : Collections.list(classLoader.getResources("META-INF/spring-configuration-metadata.json"))) {
			try (InputStream stream = url.openStream()) {
				JsonNode metadata = new ObjectMapper().readTree(stream);
				metadata.path("properties").forEach((property) -> names.add(property.path("name").asText()));
			}
		}
		names.removeIf((name) -> !name.startsWith("failover."));
		names.remove("failover.brokers");
		names.remove("failover.enabled");
		return names;
	}

	@Test
	void isNotThereUnlessItIsExposed() {
		this.runner.run((context) -> assertThat(context).doesNotHaveBean(FailoverEndpoint.class)
			.doesNotHaveBean(BrokerEventHistory.class));
	}

	@Test
	void isNotThereIfThereIsNoAccess() {
		this.runner.withPropertyValues(EXPOSED, "management.endpoint.failover.access=NONE")
			.run((context) -> assertThat(context).doesNotHaveBean(FailoverEndpoint.class)
				.doesNotHaveBean(BrokerEventHistory.class));
	}

	@Test
	void isNotThereWithoutBrokers() {
		this.runner.withPropertyValues(EXPOSED, "failover.enabled=false")
			.run((context) -> assertThat(context).hasNotFailed().doesNotHaveBean(FailoverEndpoint.class));
	}

	@Test
	void remembersWhatHappensBeforeTheFirstRequestOfALazyApplication() {
		this.runner.withPropertyValues(EXPOSED, "spring.main.lazy-initialization=true")
			.run((context) -> assertThat(context.getSourceApplicationContext()
				.getBeanFactory()
				.getBeanDefinition("failoverEventHistory")
				.isLazyInit()).isFalse());
	}

}
