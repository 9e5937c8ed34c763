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

import java.beans.PropertyDescriptor;
import java.lang.reflect.Method;
import java.util.Collection;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;

import org.jspecify.annotations.Nullable;
import org.springframework.amqp.core.AmqpAdmin;
import org.springframework.amqp.core.MessagePostProcessor;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.amqp.rabbit.transaction.RabbitTransactionManager;
import org.springframework.beans.BeanUtils;
import org.springframework.core.task.SimpleAsyncTaskExecutor;
import org.springframework.scheduling.concurrent.ThreadPoolTaskExecutor;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.util.ReflectionUtils;

/**
 * Copies a listener container with all that it is set to, for another connection factory.
 * What is set is what has a setter and a field of the same name; few of the settings have
 * a getter. A copy never stops for good, and publishes no events: they would tell of a
 * container that the application does not know.
 */
final class ContainerCopy {

	/**
	 * What a copy has of its own, or what is copied in another way.
	 */
	static final Set<String> NOT_COPIED = Set.of("afterReceivePostProcessors", "amqpAdmin", "applicationEventPublisher",
			"connectionFactory", "listenerId", "mismatchedQueuesFatal", "missingQueuesFatal",
			"possibleAuthenticationFailureFatal", "queues", "taskExecutor", "taskScheduler", "transactionManager");

	private ContainerCopy() {
	}

	/**
	 * Create a copy that consumes from no queue yet.
	 * @throws RuntimeException if the class of the container cannot be instantiated, or a
	 * setting not be copied
	 */
	static AbstractMessageListenerContainer of(AbstractMessageListenerContainer original,
			ConnectionFactory connectionFactory, AmqpAdmin admin) {
		AbstractMessageListenerContainer copy = BeanUtils.instantiateClass(original.getClass());
		for (PropertyDescriptor property : BeanUtils.getPropertyDescriptors(original.getClass())) {
			Method setter = property.getWriteMethod();
			if (setter != null && !NOT_COPIED.contains(property.getName())) {
				copy(property.getName(), setter, original, copy);
			}
		}
		copy.setChannelTransacted(original.isChannelTransacted());
		copy.setConsumerArguments(original.getConsumerArguments());
		copyOthers(original, copy, connectionFactory);
		if (Settings.is(copy, "shutdownTimeout", 0L)) {
			// that of an original whose consumers are being replaced
			copy.setShutdownTimeout(AbstractMessageListenerContainer.DEFAULT_SHUTDOWN_TIMEOUT);
		}
		copy.setConnectionFactory(connectionFactory);
		copy.setAmqpAdmin(admin);
		copy.setListenerId(original.getListenerId());
		copy.setMissingQueuesFatal(false);
		copy.setMismatchedQueuesFatal(false);
		copy.setPossibleAuthenticationFailureFatal(false);
		return copy;
	}

	private static void copy(String name, Method setter, Object original, Object copy) {
		if (ReflectionUtils.findField(original.getClass(), name) != null) {
			Object value = Settings.read(original, name);
			if (value != null) {
				ReflectionUtils.invokeMethod(setter, copy, value);
			}
		}
	}

	private static void copyOthers(AbstractMessageListenerContainer original, AbstractMessageListenerContainer copy,
			ConnectionFactory connectionFactory) {
		if (Settings.read(original, "afterReceivePostProcessors") instanceof Collection<?> processors) {
			copy.setAfterReceivePostProcessors(
					processors.stream().map(MessagePostProcessor.class::cast).toArray(MessagePostProcessor[]::new));
		}
		Object transactions = Settings.read(original, "transactionManager");
		if (transactions instanceof RabbitTransactionManager) {
			copy.setTransactionManager(new RabbitTransactionManager(connectionFactory));
		}
		else if (transactions instanceof PlatformTransactionManager others) {
			copy.setTransactionManager(others);
		}
		Object executor = Settings.read(original, "taskExecutor");
		if (executor instanceof Executor shared && !isBounded(executor)) {
			copy.setTaskExecutor(shared);
		}
	}

	/**
	 * Return whether a container may have no threads for more consumers than it has.
	 */
	static boolean hasBoundedExecutor(AbstractMessageListenerContainer container) {
		return isBounded(Settings.read(container, "taskExecutor"));
	}

	/**
	 * The threads of a pool are as many as the container needs: a copy would take them
	 * away. What is in place only while a container starts may stand for a pool.
	 */
	private static boolean isBounded(@Nullable Object executor) {
		return executor instanceof ThreadPoolTaskExecutor || executor instanceof ExecutorService
				|| ContainerStart.isOnlyForStart(executor)
				|| (executor instanceof SimpleAsyncTaskExecutor simple && simple.isThrottleActive());
	}

}
