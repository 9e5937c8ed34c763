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

package dev.failover.autoconfigure.cloud;

import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.amqp.core.Queue;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.boot.test.util.TestPropertyValues;
import org.springframework.cloud.context.environment.EnvironmentChangeEvent;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.autoconfigure.FailoverConnectionDetails;
import dev.failover.broker.Broker;
import dev.failover.broker.BrokerCredentials;
import dev.failover.broker.Brokers;
import dev.failover.connection.FailoverConnectionFactory;
import dev.failover.connection.PlannedMoves;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.EmbeddedBroker;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link FailoverRefreshAutoConfiguration}.
 */
@ExtendWith(OutputCaptureExtension.class)
class FailoverRefreshAutoConfigurationTests {

	private final EmbeddedBroker north = EmbeddedBroker.builder().build();

	private final EmbeddedBroker south = EmbeddedBroker.builder().build();

	private ApplicationContextRunner runner;

	@BeforeEach
	void start() {
		this.north.start();
		this.south.start();
		this.runner = new ApplicationContextRunner().withUserConfiguration(Application.class)
			.withPropertyValues(entry(0, "north", this.north, 1));
	}

	@AfterEach
	void stop() throws Exception {
		this.north.close();
		this.south.close();
	}

	@Test
	void brokerIsAddedAndTheActiveOneIsRemovedUnderWay() {
		this.runner.run((context) -> {
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			template.convertAndSend("orders", "one");
			refresh(context, entry(0, "north", this.north, 1), entry(1, "south", this.south, 1));
			assertThat(context.getBean(Brokers.class).getAll()).extracting(Broker::name)
				.containsExactly("north", "south");
			refresh(context, entry(0, "south", this.south, 1), entry(1, "elsewhere", this.south, 1, "/other"));
			Awaitility.await()
				.untilAsserted(() -> assertThat(context.getBean(Brokers.class).getAll()).extracting(Broker::name)
					.containsExactly("south", "elsewhere"));
			assertThat(context.getBean(Brokers.class).getActive()).extracting(Broker::name).isEqualTo("south");
			template.convertAndSend("orders", "two");
			assertThat(template.receiveAndConvert("orders", 5000)).isEqualTo("two");
		});
	}

	@Test
	void brokerIsWeightedAnew() {
		this.runner.run((context) -> {
			refresh(context, entry(0, "north", this.north, 7));
			assertThat(context.getBean(Brokers.class).getAll()).extracting(Broker::weight).containsExactly(7);
		});
	}

	@Test
	void brokerWithAnotherAddressIsReplaced() {
		this.runner.withPropertyValues(entry(1, "south", this.north, 1, "/elsewhere")).run((context) -> {
			context.getBean(FailoverTemplate.class).convertAndSend("orders", "one");
			refresh(context, entry(0, "north", this.north, 1), entry(1, "south", this.south, 1));
			Awaitility.await()
				.untilAsserted(() -> assertThat(context.getBean(Brokers.class).getAll()).extracting(Broker::port)
					.containsExactly(this.north.port(), this.south.port()));
		});
	}

	@Test
	void brokerWithAnotherPasswordIsReplaced() {
		String[] wrong = entry(1, "south", this.south, 1);
		wrong[3] = "failover.brokers[1].password=replaced-soon";
		this.runner.withPropertyValues(wrong).run((context) -> {
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			Brokers brokers = context.getBean(Brokers.class);
			template.convertAndSend("orders", "one");
			refresh(context, entry(0, "north", this.north, 1), entry(1, "south", this.south, 1));
			Awaitility.await()
				.untilAsserted(() -> assertThat(brokers.getAll()).extracting(brokers::getCredentials)
					.containsOnly(BrokerCredentials.of("guest", "guest")));
			context.getBean(FailoverConnectionFactory.class).checkAll();
			assertThat(context.getBean(PlannedMoves.class).activate("south").get(30, TimeUnit.SECONDS)).isNotNull();
			template.convertAndSend("orders", "two");
			assertThat(template.receiveAndConvert("orders", 5000)).isEqualTo("two");
		});
	}

	@Test
	void lastBrokerIsNotRemoved(CapturedOutput output) {
		this.runner.run((context) -> {
			context.getBean(FailoverTemplate.class).convertAndSend("orders", "one");
			refresh(context, entry(0, "north", this.south, 1));
			Awaitility.await()
				.until(() -> output.getOut().contains("Broker 'north' stays as it is, against its new configuration"));
			assertThat(context.getBean(Brokers.class).getAll()).extracting(Broker::port)
				.containsExactly(this.north.port());
		});
	}

	@Test
	void wrongConfigurationChangesNothing(CapturedOutput output) {
		this.runner.run((context) -> {
			refresh(context, new String[] { "failover.brokers[0].uri=amqp://app:secret@localhost:port" });
			assertThat(output).contains("The brokers stay as they are, as their new configuration is wrong")
				.contains("failover.brokers[0]")
				.doesNotContain("secret");
			assertThat(context.getBean(Brokers.class).getAll()).extracting(Broker::port)
				.containsExactly(this.north.port());
		});
	}

	@Test
	void detailsOfTheUserThatNeverChangeAreLeftAlone() {
		this.runner.withBean(FailoverConnectionDetails.class, () -> {
			Broker broker = Broker.of("own", "localhost", this.north.port());
			return FailoverConnectionDetails.of(List.of(broker), (any) -> BrokerCredentials.of("guest", "guest"));
		}).run((context) -> {
			refresh(context, entry(0, "south", this.south, 1));
			assertThat(context.getBean(Brokers.class).getAll()).extracting(Broker::name).containsExactly("own");
		});
	}

	@Test
	void backsOffWithoutSpringCloud() {
		this.runner.withClassLoader(new FilteredClassLoader(EnvironmentChangeEvent.class))
			.run((context) -> assertThat(context).hasNotFailed().doesNotHaveBean("failoverBrokersRefresher"));
	}

	@Test
	void backsOffWhenFailoverIsDisabled() {
		this.runner.withPropertyValues("failover.enabled=false")
			.run((context) -> assertThat(context).hasNotFailed().doesNotHaveBean("failoverBrokersRefresher"));
	}

	private static String[] entry(int index, String name, EmbeddedBroker broker, int weight) {
		return entry(index, name, broker, weight, broker.virtualHost());
	}

	private static String[] entry(int index, String name, EmbeddedBroker broker, int weight, String virtualHost) {
		String property = "failover.brokers[%d]".formatted(index);
		return new String[] { "%s.uri=amqp://localhost:%d".formatted(property, broker.port()),
				property + ".name=" + name, property + ".username=" + broker.username(),
				property + ".password=" + broker.password(), property + ".virtual-host=" + virtualHost,
				property + ".weight=" + weight };
	}

	private static void refresh(ConfigurableApplicationContext context, String[]... entries) {
		TestPropertyValues.of(Stream.of(entries).flatMap(Stream::of))
			.applyTo(context.getEnvironment(), TestPropertyValues.Type.MAP, "refreshed");
		context.publishEvent(new EnvironmentChangeEvent(context, Set.of("failover.brokers")));
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

		@Bean
		Queue orders() {
			return new Queue("orders");
		}

	}

}
