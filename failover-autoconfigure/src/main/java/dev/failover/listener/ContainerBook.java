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
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;
import org.springframework.amqp.rabbit.config.AbstractRabbitListenerContainerFactory;
import org.springframework.amqp.rabbit.connection.AbstractConnectionFactory;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.beans.factory.config.BeanPostProcessor;

import dev.failover.connection.FailoverConnectionFactory;

/**
 * Book of the application's listener containers: those that a factory bean creates, for
 * {@code @RabbitListener} as well as by hand, and those that are beans.
 */
public final class ContainerBook implements BeanPostProcessor {

	private final WeakSet<AbstractMessageListenerContainer> containers = new WeakSet<>();

	private final AtomicInteger moves = new AtomicInteger();

	private final List<Runnable> additionListeners = new CopyOnWriteArrayList<>();

	private final List<Runnable> moveListeners = new CopyOnWriteArrayList<>();

	@Override
	public @Nullable Object postProcessAfterInitialization(Object bean, String beanName) {
		if (bean instanceof AbstractRabbitListenerContainerFactory<?> factory) {
			ContainerHook.add(factory, this::add);
		}
		else if (bean instanceof AbstractMessageListenerContainer container) {
			add(container);
		}
		return bean;
	}

	private void add(AbstractMessageListenerContainer container) {
		if (this.containers.add(container)) {
			this.additionListeners.forEach(Runnable::run);
		}
	}

	/**
	 * Return whether there is no container, running or not.
	 */
	boolean isEmpty() {
		return this.containers.list().isEmpty();
	}

	/**
	 * Add a listener that is told of each container that is created from now on.
	 */
	void addAdditionListener(Runnable listener) {
		this.additionListeners.add(listener);
	}

	/**
	 * Return the containers that run at the moment, and follow the active broker.
	 */
	List<AbstractMessageListenerContainer> running() {
		return this.containers.list()
			.stream()
			.filter(AbstractMessageListenerContainer::isRunning)
			.filter((container) -> container.getConnectionFactory() instanceof AbstractConnectionFactory known
					&& known.getRabbitConnectionFactory() instanceof FailoverConnectionFactory)
			.toList();
	}

	/**
	 * Return the queues that running containers consume from.
	 * @return the names
	 */
	public Set<String> getQueues() {
		return running().stream()
			.flatMap((container) -> Arrays.stream(container.getQueueNames()))
			.collect(Collectors.toSet());
	}

	/**
	 * Note that containers are going to be moved. Until that has ended, they may not run
	 * or not know their queues.
	 */
	void beginMove() {
		this.moves.incrementAndGet();
	}

	/**
	 * Note that a move that has begun is over, and tell so.
	 */
	void endMove() {
		this.moves.decrementAndGet();
		this.moveListeners.forEach(Runnable::run);
	}

	/**
	 * Return whether containers are being moved.
	 */
	boolean isMoving() {
		return this.moves.get() > 0;
	}

	/**
	 * Add a listener that is told of the end of each move.
	 */
	void addMoveListener(Runnable listener) {
		this.moveListeners.add(listener);
	}

}
