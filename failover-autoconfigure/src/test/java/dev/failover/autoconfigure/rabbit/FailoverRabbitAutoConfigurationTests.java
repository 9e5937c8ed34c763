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

package dev.failover.autoconfigure.rabbit;

import java.util.ArrayList;
import java.util.List;

import org.assertj.core.groups.Tuple;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.core.AmqpAdmin;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.boot.amqp.autoconfigure.RabbitAutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

import dev.failover.autoconfigure.FailoverAutoConfiguration;
import dev.failover.broker.Broker;
import dev.failover.broker.Brokers;
import dev.failover.connection.FailoverConnectionFactory;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link FailoverRabbitAutoConfiguration}.
 */
class FailoverRabbitAutoConfigurationTests {

	private final ApplicationContextRunner runner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(SslAutoConfiguration.class, FailoverAutoConfiguration.class,
				FailoverRabbitAutoConfiguration.class, RabbitAutoConfiguration.class));

	@Test
	void oneConnectionFactoryFailsOverForTemplateAndAdmin() {
		this.runner.withPropertyValues("failover.brokers=amqp://a;amqps://b:1234/v").run((context) -> {
			assertThat(context).hasSingleBean(ConnectionFactory.class).hasSingleBean(AmqpAdmin.class);
			CachingConnectionFactory factory = context.getBean("rabbitConnectionFactory",
					CachingConnectionFactory.class);
			assertThat(factory.getRabbitConnectionFactory()).isSameAs(context.getBean(FailoverConnectionFactory.class));
			assertThat(context.getBean(RabbitTemplate.class).getConnectionFactory()).isSameAs(factory);
			assertThat(context.getBean(Brokers.class).getAll()).extracting(Broker::uri)
				.containsExactly("amqp://a:5672", "amqps://b:1234/v");
		});
	}

	@Test
	@DisplayName("Behaviour 1: a string of URLs, separated by semicolons, and a list mean the same")
	void stringAndListMeanTheSame() {
		List<Broker> brokers = new ArrayList<>();
		this.runner.withPropertyValues("failover.brokers=amqp://u:p@a;amqps://b:1234/v")
			.run((context) -> brokers.addAll(context.getBean(Brokers.class).getAll()));
		assertThat(brokers).hasSize(2);
		this.runner.withPropertyValues("failover.brokers[0]=amqp://u:p@a", "failover.brokers[1]=amqps://b:1234/v")
			.run((context) -> assertThat(context.getBean(Brokers.class).getAll()).isEqualTo(brokers));
	}

	@Test
	void listMayMixUrlsAndObjects() {
		this.runner
			.withPropertyValues("failover.brokers[0]=amqp://a", "failover.brokers[1].uri=amqp://b",
					"failover.brokers[1].username=u", "failover.brokers[1].priority=3")
			.run((context) -> {
				Brokers brokers = context.getBean(Brokers.class);
				assertThat(brokers.getAll())
					.extracting((broker) -> brokers.getCredentials(broker).username(), Broker::priority)
					.containsExactly(Tuple.tuple("guest", 0), Tuple.tuple("u", 3));
			});
	}

	@Test
	void listOfUrlsReplacesAListOfObjectsOfAnotherSource() {
		this.runner
			.withSystemProperties("failover.brokers[0].uri=amqp://a", "failover.brokers[0].name=main",
					"failover.brokers[1].uri=amqp://b")
			.withPropertyValues("failover.brokers[0]=amqp://c")
			.run((context) -> assertThat(context.getBean(Brokers.class).getAll()).extracting(Broker::name)
				.containsExactly("c:5672"));
	}

	@Test
	void brokersAreThoseOfTheConnectionDetailsIfNoneAreListed() {
		this.runner.withPropertyValues("spring.rabbitmq.addresses=amqp://u:p@a:1/v,b:2")
			.run((context) -> assertThat(context.getBean(Brokers.class).getAll()).extracting(Broker::uri)
				.containsExactly("amqp://a:1/v", "amqp://b:2/v"));
	}

}
