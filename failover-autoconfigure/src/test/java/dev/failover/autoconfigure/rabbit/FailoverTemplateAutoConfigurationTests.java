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

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.amqp.core.AmqpAdmin;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.core.RabbitMessagingTemplate;
import org.springframework.amqp.rabbit.core.RabbitOperations;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.boot.amqp.autoconfigure.RabbitAutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.autoconfigure.FailoverAutoConfiguration;
import dev.failover.autoconfigure.ensure.FailoverEnsureAutoConfiguration;
import dev.failover.template.FailoverTemplate;

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

	@ParameterizedTest
	@ValueSource(classes = { RabbitTemplate.class, com.rabbitmq.client.Channel.class })
	void backsOffWithoutTheClasses(Class<?> missing) {
		this.contextRunner.withClassLoader(new FilteredClassLoader(missing)).run((context) -> {
			assertThat(context).hasNotFailed();
			assertThat(context.getBeanNamesForType(Object.class)).noneMatch(List.of("rabbitTemplate")::contains);
		});
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
