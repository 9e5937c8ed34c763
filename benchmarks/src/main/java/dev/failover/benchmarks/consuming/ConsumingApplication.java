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

package dev.failover.benchmarks.consuming;

import java.net.URI;
import java.util.List;
import java.util.stream.Collectors;

import org.springframework.amqp.core.MessageListener;
import org.springframework.amqp.core.MessageListenerContainer;
import org.springframework.amqp.rabbit.annotation.RabbitListenerConfigurer;
import org.springframework.amqp.rabbit.config.DirectRabbitListenerContainerFactory;
import org.springframework.amqp.rabbit.config.SimpleRabbitListenerContainerFactory;
import org.springframework.amqp.rabbit.config.SimpleRabbitListenerEndpoint;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.listener.RabbitListenerContainerFactory;
import org.springframework.amqp.rabbit.listener.RabbitListenerEndpointRegistry;
import org.springframework.boot.amqp.autoconfigure.DirectRabbitListenerContainerFactoryConfigurer;
import org.springframework.boot.amqp.autoconfigure.SimpleRabbitListenerContainerFactoryConfigurer;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.benchmarks.application.Applications;
import dev.failover.benchmarks.support.NodePair;

/**
 * An application with a listener container of each kind, all of them for the same queue
 * and none of them started.
 */
final class ConsumingApplication implements AutoCloseable {

	private final ConfigurableApplicationContext context;

	private ConsumingApplication(ConfigurableApplicationContext context) {
		this.context = context;
	}

	/**
	 * Start an application with the starter.
	 */
	static ConsumingApplication failover(List<URI> brokers) {
		String urls = brokers.stream().map(URI::toString).collect(Collectors.joining(";"));
		return new ConsumingApplication(Applications.run(Idle.class, List.of("failover.brokers=" + urls)));
	}

	/**
	 * Start an application without the starter.
	 */
	static ConsumingApplication spring(List<URI> brokers) {
		return new ConsumingApplication(Applications.run(Idle.class,
				List.of("failover.enabled=false", "spring.rabbitmq.addresses=" + brokers.get(0))));
	}

	MessageListenerContainer container(ContainerKind kind) {
		MessageListenerContainer container = this.context.getBean(RabbitListenerEndpointRegistry.class)
			.getListenerContainer(kind.title());
		if (container == null) {
			throw new IllegalStateException("No container of " + kind);
		}
		return container;
	}

	Counter counter() {
		return this.context.getBean(Counter.class);
	}

	@Override
	public void close() {
		this.context.close();
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Idle {

		@Bean
		Counter counter() {
			return new Counter();
		}

		@Bean
		SimpleRabbitListenerContainerFactory simple(SimpleRabbitListenerContainerFactoryConfigurer configurer,
				ConnectionFactory connectionFactory) {
			SimpleRabbitListenerContainerFactory factory = new SimpleRabbitListenerContainerFactory();
			configurer.configure(factory, connectionFactory);
			return factory;
		}

		@Bean
		DirectRabbitListenerContainerFactory direct(DirectRabbitListenerContainerFactoryConfigurer configurer,
				ConnectionFactory connectionFactory) {
			DirectRabbitListenerContainerFactory factory = new DirectRabbitListenerContainerFactory();
			configurer.configure(factory, connectionFactory);
			return factory;
		}

		@Bean
		RabbitListenerConfigurer listeners(Counter counter, SimpleRabbitListenerContainerFactory simple,
				DirectRabbitListenerContainerFactory direct) {
			return (registrar) -> {
				for (ContainerKind kind : ContainerKind.ALL) {
					SimpleRabbitListenerEndpoint endpoint = new SimpleRabbitListenerEndpoint();
					endpoint.setId(kind.title());
					endpoint.setQueueNames(NodePair.QUEUE);
					endpoint.setConcurrency(Integer.toString(kind.consumers()));
					endpoint.setAutoStartup(false);
					endpoint.setMessageListener((MessageListener) (message) -> counter.add(message.getBody()));
					RabbitListenerContainerFactory<?> factory = kind.direct() ? direct : simple;
					registrar.registerEndpoint(endpoint, factory);
				}
			};
		}

	}

}
