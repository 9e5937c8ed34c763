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

import java.util.concurrent.locks.Lock;

import com.rabbitmq.client.DefaultConsumer;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.rabbit.connection.Connection;
import org.springframework.amqp.rabbit.listener.DirectMessageListenerContainer;
import org.springframework.amqp.rabbit.support.ActiveObjectCounter;
import org.springframework.util.Assert;

/**
 * What a direct container keeps to itself about consumers that it waits for when it
 * stops. A consumer is the same for it as the one that takes its place.
 */
final class DirectConsumers {

	private static final String COUNTER = "cancellationLock";

	private DirectConsumers() {
	}

	static boolean areKnown(DirectMessageListenerContainer container) {
		return Settings.exists(container, COUNTER)
				&& Settings.read(container, COUNTER) instanceof ActiveObjectCounter<?>;
	}

	/**
	 * Have a container not wait for a consumer that has ended.
	 */
	static void release(DirectMessageListenerContainer container, DefaultConsumer consumer) {
		counter(container).release(consumer);
	}

	/**
	 * Have a container wait for each consumer that it has, which may have been released
	 * in place of the one before.
	 */
	static void recount(DirectMessageListenerContainer container) {
		Lock lock = ContainerConsumers.lock(container);
		lock.lock();
		try {
			ContainerConsumers.consumers(container).forEach(counter(container)::add);
		}
		finally {
			lock.unlock();
		}
	}

	/**
	 * Return the connection that a consumer was begun with.
	 */
	static @Nullable Connection connection(DefaultConsumer consumer) {
		return (Settings.exists(consumer, "connection")
				&& Settings.read(consumer, "connection") instanceof Connection connection) ? connection : null;
	}

	@SuppressWarnings("unchecked")
	private static ActiveObjectCounter<Object> counter(DirectMessageListenerContainer container) {
		Object counter = Settings.read(container, COUNTER);
		Assert.state(counter != null, "No counter of consumers");
		return (ActiveObjectCounter<Object>) counter;
	}

}
