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

import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.support.micrometer.RabbitTemplateObservationConvention;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.amqp.autoconfigure.RabbitProperties;
import org.springframework.boot.amqp.autoconfigure.RabbitTemplateConfigurer;

import dev.failover.autoconfigure.FailoverProperties;
import dev.failover.ensure.EnsurePolicy;
import dev.failover.ensure.Ensurer;
import dev.failover.template.FailoverTemplate;
import dev.failover.template.PublishSettings;

/**
 * Creates {@link FailoverTemplate}s with sensible defaults, for applications that define
 * their own. Each is what the auto-configured one would be before the
 * {@code RabbitTemplateCustomizer} beans are applied: set as {@code failover.*} and
 * {@code spring.rabbitmq.template.*} say.
 * <p>
 * Declare the bean method with the return type {@link FailoverTemplate}, so that the
 * auto-configured template backs off, and let the template be destroyed with the context,
 * as that of a bean is. Safe for use by any number of threads.
 */
public final class FailoverTemplateConfigurer {

	private final RabbitTemplateConfigurer configurer;

	private final Ensurer ensurer;

	private final EnsurePolicy policy;

	private final PublishSettings settings;

	private final boolean mandatory;

	private final ObjectProvider<RabbitTemplateObservationConvention> observationConvention;

	FailoverTemplateConfigurer(RabbitTemplateConfigurer configurer, Ensurer ensurer, EnsurePolicy policy,
			FailoverProperties properties, RabbitProperties rabbitProperties,
			ObjectProvider<RabbitTemplateObservationConvention> observationConvention) {
		this.configurer = configurer;
		this.ensurer = ensurer;
		this.policy = policy;
		FailoverProperties.Publish publish = properties.getPublish();
		this.settings = new PublishSettings(publish.getConfirmTimeout(), publish.getMaxInFlight(),
				properties.getShutdownTimeout(), publish.getInTransaction());
		this.mandatory = rabbitProperties.getTemplate().getMandatory() == null;
		this.observationConvention = observationConvention;
	}

	/**
	 * Create a template. No connection is opened.
	 * @param connectionFactory the connection factory to publish and receive with, which
	 * is one that fails over
	 * @return a new template, to be changed further where it has to be
	 */
	public FailoverTemplate create(ConnectionFactory connectionFactory) {
		FailoverTemplate template = new FailoverTemplate(connectionFactory, this.ensurer, this.policy, this.settings);
		this.configurer.configure(template, connectionFactory);
		if (this.mandatory) {
			template.setMandatory(true);
		}
		this.observationConvention.ifUnique(template::setObservationConvention);
		return template;
	}

}
