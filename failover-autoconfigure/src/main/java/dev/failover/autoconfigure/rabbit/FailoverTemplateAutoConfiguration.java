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

import com.rabbitmq.client.Channel;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.core.RabbitOperations;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.amqp.rabbit.support.micrometer.RabbitTemplateObservationConvention;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.amqp.autoconfigure.RabbitProperties;
import org.springframework.boot.amqp.autoconfigure.RabbitTemplateConfigurer;
import org.springframework.boot.amqp.autoconfigure.RabbitTemplateCustomizer;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Fallback;

import dev.failover.autoconfigure.FailoverProperties;
import dev.failover.ensure.EnsurePolicy;
import dev.failover.ensure.Ensurer;
import dev.failover.template.FailoverTemplate;

/**
 * {@link EnableAutoConfiguration Auto-configuration} of the template that publishes with
 * failover. It takes the place of Spring Boot's own, and stands beside one that the
 * application defines.
 */
@AutoConfiguration(after = FailoverRabbitAutoConfiguration.class,
		afterName = "dev.failover.autoconfigure.ensure.FailoverEnsureAutoConfiguration",
		beforeName = { "org.springframework.boot.amqp.autoconfigure.RabbitAutoConfiguration",
				"org.springframework.boot.rabbitmq.autoconfigure.RabbitAutoConfiguration" })
@ConditionalOnClass({ RabbitTemplate.class, Channel.class, RabbitTemplateConfigurer.class })
@ConditionalOnBean(Ensurer.class)
public final class FailoverTemplateAutoConfiguration {

	static final String BESIDE = "failoverTemplate";

	@Bean
	@ConditionalOnMissingBean
	FailoverTemplateConfigurer failoverTemplateConfigurer(RabbitTemplateConfigurer configurer, Ensurer ensurer,
			EnsurePolicy policy, FailoverProperties properties, RabbitProperties rabbitProperties,
			ObjectProvider<RabbitTemplateObservationConvention> observationConvention) {
		return new FailoverTemplateConfigurer(configurer, ensurer, policy, properties, rabbitProperties,
				observationConvention);
	}

	@Bean("rabbitTemplate")
	@ConditionalOnSingleCandidate(ConnectionFactory.class)
	@ConditionalOnMissingBean(RabbitOperations.class)
	FailoverTemplate rabbitTemplate(FailoverTemplateConfigurer configurer, ConnectionFactory connectionFactory,
			ObjectProvider<RabbitTemplateCustomizer> customizers) {
		FailoverTemplate template = configurer.create(connectionFactory);
		customizers.orderedStream().forEach((customizer) -> customizer.customize(template));
		return template;
	}

	/**
	 * Stands beside the application's own template, which remains the one that is
	 * injected wherever any of them may be.
	 */
	@Bean(BESIDE)
	@Fallback
	@ConditionalOnSingleCandidate(ConnectionFactory.class)
	@ConditionalOnMissingBean
	FailoverTemplate failoverTemplate(FailoverTemplateConfigurer configurer, ConnectionFactory connectionFactory,
			ObjectProvider<RabbitTemplateCustomizer> customizers) {
		return rabbitTemplate(configurer, connectionFactory, customizers);
	}

	@Bean
	static ReplacedTemplatePostProcessor failoverReplacedTemplatePostProcessor() {
		return new ReplacedTemplatePostProcessor();
	}

	@Bean
	static OwnTemplateWarning failoverOwnTemplateWarning() {
		return new OwnTemplateWarning();
	}

}
