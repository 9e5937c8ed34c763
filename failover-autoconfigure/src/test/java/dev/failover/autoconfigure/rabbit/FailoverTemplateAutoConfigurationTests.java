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

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.core.AmqpAdmin;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageProperties;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.core.RabbitMessagingTemplate;
import org.springframework.amqp.rabbit.core.RabbitOperations;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.amqp.support.converter.MessageConverter;
import org.springframework.amqp.support.converter.SimpleMessageConverter;
import org.springframework.boot.amqp.autoconfigure.RabbitAutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.autoconfigure.FailoverAutoConfiguration;
import dev.failover.autoconfigure.ensure.FailoverEnsureAutoConfiguration;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.EmbeddedBroker;
import dev.failover.test.FaultProxy;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link FailoverTemplateAutoConfiguration}.
 */
class FailoverTemplateAutoConfigurationTests {

	private final ApplicationContextRunner contextRunner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(FailoverAutoConfiguration.class, FailoverRabbitAutoConfiguration.class,
				FailoverEnsureAutoConfiguration.class, FailoverTemplateAutoConfiguration.class,
				RabbitAutoConfiguration.class));

	@Test
	void templateIsTheOnlyOneAndBootsBeansUseIt() {
		this.contextRunner.run((context) -> {
			assertThat(context).hasSingleBean(RabbitOperations.class);
			assertThat(context).hasSingleBean(AmqpAdmin.class);
			assertThat(context.getBean("rabbitTemplate")).isInstanceOf(FailoverTemplate.class);
			assertThat(context.getBean(RabbitMessagingTemplate.class).getRabbitTemplate())
				.isSameAs(context.getBean(FailoverTemplate.class));
			assertThat(context.getBean(FailoverTemplate.class).isUsePublisherConnection()).isTrue();
			assertThat(context.getBean(FailoverTemplate.class).isMandatoryFor(null)).isTrue();
		});
	}

	@Test
	void bootsTemplatePropertiesApply() {
		this.contextRunner
			.withPropertyValues("spring.rabbitmq.template.exchange=orders", "spring.rabbitmq.template.mandatory=false")
			.run((context) -> {
				assertThat(context.getBean(FailoverTemplate.class).getExchange()).isEqualTo("orders");
				assertThat(context.getBean(FailoverTemplate.class).isMandatoryFor(null)).isFalse();
			});
	}

	@Test
	@DisplayName("Behaviour 25: the body is converted once, outside of what is repeated")
	void bodyIsConvertedOnceHoweverOftenItIsPublished() {
		try (EmbeddedBroker silent = EmbeddedBroker.builder().start();
				FaultProxy proxy = FaultProxy.to(silent);
				EmbeddedBroker next = EmbeddedBroker.builder().start()) {
			CountingConverter converter = new CountingConverter();
			String brokers = "failover.brokers="
					+ silent.uri().toString().replace(":" + silent.port(), ":" + proxy.port()) + ";" + next.uri();
			this.contextRunner.withBean(MessageConverter.class, () -> converter)
				.withBean(Queue.class, () -> new Queue("orders"))
				.withPropertyValues(brokers, "failover.publish.confirm-timeout=500ms", "failover.connect.race-delay=0")
				.run((context) -> {
					FailoverTemplate template = context.getBean(FailoverTemplate.class);
					template.convertAndSend("orders", "first");
					proxy.blackHole();
					template.convertAndSend("orders", "second");
					assertThat(template.receiveAndConvert("orders")).isEqualTo("second");
					assertThat(converter.bodies).containsExactly("first", "second");
				});
		}
	}

	@Test
	void templateOfTheUserWins() {
		this.contextRunner.withUserConfiguration(OwnTemplate.class).run((context) -> {
			assertThat(context).hasSingleBean(RabbitOperations.class);
			assertThat(context).doesNotHaveBean(FailoverTemplate.class);
		});
	}

	@Test
	void bootsTemplateIsUsedWhenFailoverIsDisabled() {
		this.contextRunner.withPropertyValues("failover.enabled=false").run((context) -> {
			assertThat(context).hasSingleBean(RabbitTemplate.class);
			assertThat(context).doesNotHaveBean(FailoverTemplate.class);
		});
	}

	/**
	 * Knows what it has converted.
	 */
	static final class CountingConverter extends SimpleMessageConverter {

		private final List<Object> bodies = new CopyOnWriteArrayList<>();

		@Override
		protected Message createMessage(Object body, MessageProperties properties) {
			this.bodies.add(body);
			return super.createMessage(body, properties);
		}

	}

	/**
	 * Application with a template of its own.
	 */
	@Configuration(proxyBeanMethods = false)
	static class OwnTemplate {

		@Bean
		RabbitTemplate ownTemplate(ConnectionFactory connectionFactory) {
			return new RabbitTemplate(connectionFactory);
		}

	}

}
