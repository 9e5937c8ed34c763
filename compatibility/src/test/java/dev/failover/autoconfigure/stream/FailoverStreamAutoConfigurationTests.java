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

package dev.failover.autoconfigure.stream;

import com.rabbitmq.client.AMQP.BasicProperties;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.boot.amqp.autoconfigure.RabbitAutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.cloud.stream.config.ProducerMessageHandlerCustomizer;
import org.springframework.core.OrderComparator;

import dev.failover.autoconfigure.FailoverAutoConfiguration;
import dev.failover.autoconfigure.ensure.FailoverEnsureAutoConfiguration;
import dev.failover.autoconfigure.rabbit.FailoverRabbitAutoConfiguration;
import dev.failover.autoconfigure.rabbit.FailoverTemplateAutoConfiguration;
import dev.failover.template.FailoverTemplate;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link FailoverStreamAutoConfiguration}.
 */
class FailoverStreamAutoConfigurationTests {

	private final ApplicationContextRunner runner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(FailoverAutoConfiguration.class, FailoverRabbitAutoConfiguration.class,
				FailoverEnsureAutoConfiguration.class, FailoverTemplateAutoConfiguration.class,
				FailoverStreamAutoConfiguration.class, SslAutoConfiguration.class, RabbitAutoConfiguration.class))
		.withPropertyValues("failover.brokers=amqp://a;amqp://b");

	@Test
	void customizesTheProducersOfBinders() {
		this.runner.run((context) -> assertThat(context).hasSingleBean(ProducerMessageHandlerCustomizer.class)
			.hasBean("failoverStreamTemplate"));
	}

	@Test
	void templateOfBindersIsNotInjected() {
		this.runner.run((context) -> {
			assertThat(context.getBean(FailoverTemplate.class)).isSameAs(context.getBean("rabbitTemplate"));
			assertThat(context.getBeanProvider(RabbitTemplate.class).getObject())
				.isSameAs(context.getBean("rabbitTemplate"));
		});
	}

	@Test
	void messagesOfBindersAreMandatoryOnlyIfTheySaySo() {
		this.runner.run((context) -> {
			FailoverTemplate template = context.getBean("failoverStreamTemplate", FailoverTemplate.class);
			assertThat(template.isMandatoryFor(new BinderMessage(new byte[0], new BasicProperties(), false))).isFalse();
			assertThat(template.isMandatoryFor(new BinderMessage(new byte[0], new BasicProperties(), true))).isTrue();
		});
	}

	@Test
	void comesAfterTheCustomizersOfTheApplication() {
		this.runner.run((context) -> {
			ProducerMessageHandlerCustomizer<?> own = (handler, destination) -> {
			};
			assertThat(OrderComparator.INSTANCE.compare(own, context.getBean(BinderProducerCustomizer.class)))
				.isNotPositive();
		});
	}

	@Test
	void canBeSwitchedOff() {
		this.runner.withPropertyValues("failover.publish.stream-binder=false")
			.run((context) -> assertThat(context).doesNotHaveBean(ProducerMessageHandlerCustomizer.class)
				.hasSingleBean(FailoverTemplate.class));
	}

	@Test
	void isNotThereWithoutSpringCloudStream() {
		this.runner.withClassLoader(new FilteredClassLoader("org.springframework.cloud.stream"))
			.run((context) -> assertThat(context).hasNotFailed().hasSingleBean(FailoverTemplate.class));
	}

}
