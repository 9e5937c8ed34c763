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

import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.cloud.stream.config.BindingServiceProperties;
import org.springframework.cloud.stream.config.ProducerMessageHandlerCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.integration.amqp.outbound.AmqpOutboundEndpoint;

import dev.failover.autoconfigure.rabbit.FailoverTemplateAutoConfiguration;
import dev.failover.autoconfigure.rabbit.FailoverTemplateConfigurer;
import dev.failover.template.FailoverTemplate;

/**
 * {@link EnableAutoConfiguration Auto-configuration} of publishing with failover for
 * Spring Cloud Stream's binder for RabbitMQ.
 */
@AutoConfiguration(after = FailoverTemplateAutoConfiguration.class)
@ConditionalOnClass({ ProducerMessageHandlerCustomizer.class, AmqpOutboundEndpoint.class })
@ConditionalOnBean(FailoverTemplateConfigurer.class)
@ConditionalOnSingleCandidate(ConnectionFactory.class)
@ConditionalOnBooleanProperty(name = "failover.publish.stream-binder", matchIfMissing = true)
public final class FailoverStreamAutoConfiguration {

	private static final String TEMPLATE = "failoverStreamTemplate";

	/**
	 * A template beside that of the application, whose settings are not the binder's. No
	 * injection point finds it.
	 */
	@Bean(name = TEMPLATE, autowireCandidate = false)
	FailoverTemplate failoverStreamTemplate(FailoverTemplateConfigurer configurer,
			ConnectionFactory connectionFactory) {
		FailoverTemplate template = configurer.create(connectionFactory);
		BinderMessage.configure(template);
		return template;
	}

	@Bean
	BinderProducerCustomizer failoverBinderProducerCustomizer(BeanFactory beanFactory,
			ConnectionFactory connectionFactory, ObjectProvider<BindingServiceProperties> bindings) {
		FailoverTemplate template = beanFactory.getBean(TEMPLATE, FailoverTemplate.class);
		return new BinderProducerCustomizer(connectionFactory, template, bindings);
	}

}
