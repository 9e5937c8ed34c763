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

import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import com.rabbitmq.client.ShutdownSignalException;
import org.springframework.amqp.AmqpIOException;
import org.springframework.amqp.core.AmqpAdmin;
import org.springframework.amqp.core.Binding;
import org.springframework.amqp.core.Declarable;
import org.springframework.amqp.core.DeclarableCustomizer;
import org.springframework.amqp.core.Declarables;
import org.springframework.amqp.core.Exchange;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.connection.AbstractConnectionFactory;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.connection.RabbitUtils;
import org.springframework.amqp.rabbit.core.RabbitAdmin;
import org.springframework.context.ApplicationContext;
import org.springframework.util.StringUtils;

import dev.failover.connection.FailoverConnectionFactory;

/**
 * Declares on one broker what the application's own {@link RabbitAdmin}s declare on the
 * active one, and tells what is there. Left out are exclusive queues: they belong to the
 * connection that declares them, would be in its way when the broker becomes active, and
 * hold nothing that outlives it. What cannot be declared is logged, and the rest is
 * declared all the same.
 */
final class BrokerTopology extends RabbitAdmin {

	private final ApplicationContext context;

	BrokerTopology(ConnectionFactory connectionFactory, ApplicationContext context) {
		super(connectionFactory);
		this.context = context;
		setRetryTemplate(null);
		setIgnoreDeclarationExceptions(true);
	}

	@Override
	public void initialize() {
		Set<Declarable> declarables = new LinkedHashSet<>();
		admins().forEach((admin) -> {
			boolean explicitly = Settings.is(admin, "explicitDeclarationsOnly", true);
			beans().filter((declarable) -> isOf(admin, declarable, explicitly)).forEach(declarables::add);
			declarables.addAll(admin.getManualDeclarableSet());
		});
		Set<String> exclusive = exclusiveQueues();
		each(declarables, Exchange.class).forEach(this::declareExchange);
		each(declarables, Queue.class).filter((queue) -> isShared(queue)).forEach(this::declareQueue);
		each(declarables, Binding.class)
			.filter((binding) -> !binding.isDestinationQueue() || !exclusive.contains(binding.getDestination()))
			.forEach(this::declareBinding);
	}

	private Stream<RabbitAdmin> admins() {
		return this.context.getBeansOfType(AmqpAdmin.class, false, false)
			.values()
			.stream()
			.filter(RabbitAdmin.class::isInstance)
			.map(RabbitAdmin.class::cast)
			.filter((admin) -> admin.getRabbitTemplate()
				.getConnectionFactory() instanceof AbstractConnectionFactory known
					&& known.getRabbitConnectionFactory() instanceof FailoverConnectionFactory);
	}

	private Stream<Declarable> beans() {
		Collection<DeclarableCustomizer> customizers = this.context
			.getBeansOfType(DeclarableCustomizer.class, false, false)
			.values();
		Stream<Declarable> single = this.context.getBeansOfType(Declarable.class, false, false).values().stream();
		Stream<Declarable> grouped = this.context.getBeansOfType(Declarables.class, false, false)
			.values()
			.stream()
			.flatMap((group) -> group.getDeclarables().stream());
		return Stream.concat(single, grouped).map((declarable) -> {
			Declarable customized = declarable;
			for (DeclarableCustomizer customizer : customizers) {
				customized = customizer.apply(customized);
			}
			return customized;
		});
	}

	private static boolean isOf(RabbitAdmin admin, Declarable declarable, boolean explicitly) {
		Collection<?> admins = declarable.getDeclaringAdmins();
		boolean named = admins.contains(admin) || admins.contains(admin.getBeanName());
		return declarable.shouldDeclare() && (named || (admins.isEmpty() && !explicitly));
	}

	private static <T extends Declarable> Stream<T> each(Collection<Declarable> declarables, Class<T> type) {
		return declarables.stream().filter(type::isInstance).map(type::cast);
	}

	/**
	 * Return whether a queue can be consumed from by other connections, too.
	 */
	static boolean isShared(Queue queue) {
		return !queue.isExclusive() && StringUtils.hasText(queue.getName());
	}

	/**
	 * Return the actual names of the exclusive queues that are known.
	 */
	Set<String> exclusiveQueues() {
		Stream<Declarable> manual = admins().flatMap((admin) -> admin.getManualDeclarableSet().stream());
		return Stream.concat(beans(), manual)
			.filter(Queue.class::isInstance)
			.map(Queue.class::cast)
			.filter((queue) -> !isShared(queue))
			.map(Queue::getActualName)
			.collect(Collectors.toSet());
	}

	boolean exists(String queue) {
		return count(queue).isPresent();
	}

	/**
	 * Return whether a queue has no message that waits to be delivered, or does not
	 * exist.
	 */
	boolean isEmpty(String queue) {
		return count(queue).orElse(0) == 0;
	}

	/**
	 * Unlike {@link #getQueueProperties}, tell a queue that does not exist from a broker
	 * that does not answer.
	 */
	private OptionalInt count(String queue) {
		try {
			Integer count = getRabbitTemplate()
				.execute((channel) -> channel.queueDeclarePassive(queue).getMessageCount());
			return (count != null) ? OptionalInt.of(count) : OptionalInt.empty();
		}
		catch (AmqpIOException ex) {
			for (Throwable cause = ex; cause != null; cause = cause.getCause()) {
				if (cause instanceof ShutdownSignalException signal
						&& RabbitUtils.isPassiveDeclarationChannelClose(signal)) {
					return OptionalInt.empty();
				}
			}
			throw ex;
		}
	}

}
