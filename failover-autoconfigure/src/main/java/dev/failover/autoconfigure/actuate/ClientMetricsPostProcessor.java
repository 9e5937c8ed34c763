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

import com.rabbitmq.client.impl.MicrometerMetricsCollector;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.rabbit.connection.AbstractConnectionFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanPostProcessor;

import dev.failover.actuate.ClientMetrics;
import dev.failover.connection.FailoverConnectionFactory;

/**
 * Has the AMQP client's metrics tell brokers apart, where Spring Boot has bound them. Its
 * post-processor is ordered, and so before this one. A collector of the application's own
 * is left alone.
 */
final class ClientMetricsPostProcessor implements BeanPostProcessor {

	private static final String SUFFIX = "ConnectionFactory";

	private final ObjectProvider<MeterRegistry> registry;

	ClientMetricsPostProcessor(ObjectProvider<MeterRegistry> registry) {
		this.registry = registry;
	}

	@Override
	public @Nullable Object postProcessAfterInitialization(Object bean, String beanName) {
		if (bean instanceof AbstractConnectionFactory factory
				&& factory.getRabbitConnectionFactory() instanceof FailoverConnectionFactory target
				&& target.getMetricsCollector() instanceof MicrometerMetricsCollector collector
				&& isOfSpringBoot(collector, beanName)) {
			this.registry.ifUnique((unique) -> ClientMetrics.replace(collector, target, unique));
		}
		return bean;
	}

	/**
	 * Spring Boot tags its meters with the name of the bean, without what all such names
	 * end in.
	 */
	private static boolean isOfSpringBoot(MicrometerMetricsCollector collector, String beanName) {
		Meter.Id published = collector.getPublishedMessages().getId();
		String name = published.getTag("name");
		return collector.getClass() == MicrometerMetricsCollector.class
				&& published.getName().equals("rabbitmq.published") && name != null
				&& (name.equals(beanName) || beanName.equalsIgnoreCase(name + SUFFIX));
	}

}
