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

package dev.failover.autoconfigure.listener;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Collectors;

import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

import dev.failover.test.TestBroker;

/**
 * An application with one listener, which knows nothing of brokers.
 */
@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
class ListenerApplication {

	static final String QUEUE = "orders";

	private final Queue<String> received = new ConcurrentLinkedQueue<>();

	@RabbitListener(queues = QUEUE)
	void on(String order) {
		this.received.add(order);
	}

	Queue<String> received() {
		return this.received;
	}

	static ConfigurableApplicationContext run(ContainerType type, Class<?> more, TestBroker... brokers) {
		return run(type, List.of(ListenerApplication.class, more), List.of(), brokers);
	}

	static ConfigurableApplicationContext run(ContainerType type, List<Class<?>> sources, List<String> properties,
			TestBroker... brokers) {
		String urls = Arrays.stream(brokers).map((broker) -> broker.uri().toString()).collect(Collectors.joining(";"));
		List<String> all = new ArrayList<>(
				List.of("failover.brokers=" + urls, "spring.rabbitmq.listener.type=" + type.name().toLowerCase(),
						"spring.main.banner-mode=off", "failover.connect.race-delay=0"));
		all.addAll(properties);
		return new SpringApplicationBuilder(sources.toArray(Class<?>[]::new)).web(WebApplicationType.NONE)
			.run(all.stream().map((property) -> "--" + property).toArray(String[]::new));
	}

	enum ContainerType {

		SIMPLE, DIRECT

	}

}
