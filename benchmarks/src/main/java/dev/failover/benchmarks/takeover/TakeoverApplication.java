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

package dev.failover.benchmarks.takeover;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import org.springframework.amqp.core.Declarables;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.annotation.RabbitListenerConfigurer;
import org.springframework.amqp.rabbit.config.SimpleRabbitListenerEndpoint;
import org.springframework.amqp.rabbit.listener.api.ChannelAwareMessageListener;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.benchmarks.application.Applications;
import dev.failover.broker.Broker;
import dev.failover.broker.Brokers;
import dev.failover.broker.EventStage;

/**
 * An application with 16 listener containers that have 72 consumers, each of which takes
 * one message and keeps it.
 */
final class TakeoverApplication implements AutoCloseable {

	static final List<String> QUEUES = IntStream.range(0, 16).mapToObj((i) -> "takeover-" + i).toList();

	static final int CONSUMERS = IntStream.range(0, QUEUES.size()).map(TakeoverApplication::consumers).sum();

	private final ConfigurableApplicationContext context;

	private TakeoverApplication(ConfigurableApplicationContext context) {
		this.context = context;
	}

	static int consumers(int queue) {
		return 4 + queue % 2;
	}

	/**
	 * Start the application.
	 * @param type the type of its containers, {@code simple} or {@code direct}
	 * @param brokers the brokers
	 * @return the application
	 */
	static TakeoverApplication start(String type, List<URI> brokers) {
		String urls = brokers.stream().map(URI::toString).collect(Collectors.joining(";"));
		String container = "spring.rabbitmq.listener." + type;
		ConfigurableApplicationContext context = Applications.run(Keeping.class,
				List.of("failover.brokers=" + urls, "failover.listener.brokers=active",
						"spring.rabbitmq.listener.type=" + type, container + ".acknowledge-mode=manual",
						container + ".prefetch=1"));
		context.getBean(Brokers.class).addListener(context.getBean(Arrivals.class), EventStage.CONNECTIONS);
		return new TakeoverApplication(context);
	}

	int activePort() {
		Broker active = this.context.getBean(Brokers.class).getActive();
		return (active != null) ? active.port() : 0;
	}

	/**
	 * Wait until each consumer has a message.
	 */
	Takeover await(long struck, Duration timeout) {
		return this.context.getBean(Arrivals.class).await(struck, timeout);
	}

	@Override
	public void close() {
		this.context.close();
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Keeping {

		@Bean
		Declarables queues() {
			return new Declarables(QUEUES.stream().map(Queue::new).toList());
		}

		@Bean
		Arrivals arrivals() {
			return new Arrivals();
		}

		@Bean
		RabbitListenerConfigurer listeners(Arrivals arrivals) {
			return (registrar) -> IntStream.range(0, QUEUES.size()).forEach((i) -> {
				SimpleRabbitListenerEndpoint endpoint = new SimpleRabbitListenerEndpoint();
				endpoint.setId(QUEUES.get(i));
				endpoint.setQueueNames(QUEUES.get(i));
				endpoint.setConcurrency(Integer.toString(consumers(i)));
				endpoint.setMessageListener((ChannelAwareMessageListener) (message, channel) -> arrivals
					.add(new String(message.getBody(), StandardCharsets.UTF_8)));
				registrar.registerEndpoint(endpoint);
			});
		}

	}

}
