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

package dev.failover.listener;

import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.springframework.amqp.rabbit.connection.AbstractConnectionFactory;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.RabbitListenerEndpointRegistry;
import org.springframework.context.ApplicationContext;

import dev.failover.connection.FailoverConnectionFactory;

/**
 * The containers of an application that run, and follow the active broker: those of
 * annotated methods, and those that are beans.
 */
final class RunningContainers {

	private final ApplicationContext context;

	RunningContainers(ApplicationContext context) {
		this.context = context;
	}

	/**
	 * Return the names of the queues that they consume from.
	 */
	Set<String> queues() {
		return all().filter(RunningContainers::followsActiveBroker)
			.flatMap((container) -> Arrays.stream(container.getQueueNames()))
			.collect(Collectors.toSet());
	}

	/**
	 * Return all containers, whether they run or not.
	 */
	Stream<AbstractMessageListenerContainer> all() {
		return Stream
			.concat(beans(AbstractMessageListenerContainer.class),
					beans(RabbitListenerEndpointRegistry.class)
						.flatMap((registry) -> registry.getListenerContainers().stream()))
			.filter(AbstractMessageListenerContainer.class::isInstance)
			.map(AbstractMessageListenerContainer.class::cast);
	}

	private <T> Stream<T> beans(Class<T> type) {
		return this.context.getBeansOfType(type, false, false).values().stream();
	}

	static boolean followsActiveBroker(AbstractMessageListenerContainer container) {
		return container.isRunning() && container.getConnectionFactory() instanceof AbstractConnectionFactory known
				&& known.getRabbitConnectionFactory() instanceof FailoverConnectionFactory;
	}

}
