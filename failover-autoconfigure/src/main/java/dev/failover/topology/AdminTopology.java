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

package dev.failover.topology;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.springframework.amqp.core.Binding;
import org.springframework.amqp.core.Declarable;
import org.springframework.amqp.core.Declarables;
import org.springframework.amqp.core.Exchange;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.core.RabbitAdmin;
import org.springframework.context.ApplicationContext;
import org.springframework.util.StringUtils;

import dev.failover.spring.HiddenSetting;

/**
 * What a {@link RabbitAdmin} may declare, and how it is set to do so. Some of its
 * settings can be set, but not asked for.
 */
final class AdminTopology {

	private final RabbitAdmin admin;

	private final ApplicationContext context;

	/**
	 * Create an instance.
	 * @param admin the admin, a bean
	 * @param context the application context of the admin
	 */
	AdminTopology(RabbitAdmin admin, ApplicationContext context) {
		this.admin = admin;
		this.context = context;
	}

	boolean ignoresDeclarationExceptions() {
		return Boolean.TRUE.equals(HiddenSetting.IGNORE_DECLARATION_EXCEPTIONS.of(this.admin));
	}

	boolean declaresExplicitlyOnly() {
		return Boolean.TRUE.equals(HiddenSetting.EXPLICIT_DECLARATIONS_ONLY.of(this.admin));
	}

	/**
	 * Return what was declared through the admin at run time, in that order.
	 */
	List<Declarable> manual() {
		return Stream.of(this.admin.getManualDeclarableSet().toArray(Declarable[]::new)).toList();
	}

	/**
	 * Return whether something must be declared on each new connection, because it ends
	 * with a connection or with its last consumer, or may have expired.
	 */
	boolean needsEachConnection() {
		return this.admin.getClass() != RabbitAdmin.class || all().stream().anyMatch(AdminTopology::isPassing);
	}

	private static boolean isPassing(Declarable declarable) {
		if (declarable instanceof Queue queue) {
			return queue.isAutoDelete() || queue.getArguments().containsKey("x-expires") || isOfConnection(queue);
		}
		return declarable instanceof Exchange exchange && exchange.isAutoDelete();
	}

	/**
	 * Return the names, past ones included, of the queues that belong to the connection
	 * that declares them.
	 */
	Set<String> queuesOfConnections() {
		Set<String> names = new HashSet<>();
		for (Declarable declarable : all()) {
			if (declarable instanceof Queue queue && isOfConnection(queue)) {
				names.add(queue.getName());
				names.add(queue.getActualName());
			}
		}
		return names;
	}

	/**
	 * Return whether it is the name that a broker has given to a queue.
	 */
	boolean isGivenName(String name) {
		return all().stream()
			.filter(Queue.class::isInstance)
			.map(Queue.class::cast)
			.anyMatch((queue) -> !StringUtils.hasText(queue.getName()) && queue.getActualName().equals(name));
	}

	/**
	 * Return the names of the queues from which any connection may consume, and somebody
	 * is expected to.
	 */
	Set<String> sharedQueues() {
		return all().stream()
			.filter(Queue.class::isInstance)
			.map(Queue.class::cast)
			.filter((queue) -> !isOfConnection(queue) && !isStream(queue) && !isDelay(queue))
			.map(Queue::getName)
			.collect(Collectors.toSet());
	}

	/**
	 * Return the names of the streams.
	 */
	Set<String> streams() {
		return all().stream()
			.filter(Queue.class::isInstance)
			.map(Queue.class::cast)
			.filter(AdminTopology::isStream)
			.map(Queue::getName)
			.collect(Collectors.toSet());
	}

	/**
	 * Return whether it is of no importance that something is refused.
	 */
	boolean isIgnored(Declaration declaration) {
		return ignoresDeclarationExceptions() || all().stream()
			.anyMatch((declarable) -> declarable.isIgnoreDeclarationExceptions()
					&& declaration.description().equals(Declaration.describe(declarable)));
	}

	private static boolean isStream(Queue queue) {
		return "stream".equals(queue.getArguments().get("x-queue-type"));
	}

	private static boolean isDelay(Queue queue) {
		return queue.getArguments().containsKey("x-message-ttl")
				&& queue.getArguments().containsKey("x-dead-letter-exchange");
	}

	private static boolean isOfConnection(Queue queue) {
		return queue.isExclusive() || !StringUtils.hasText(queue.getName());
	}

	private List<Declarable> all() {
		List<Declarable> all = new ArrayList<>(manual());
		all.addAll(beans(Queue.class));
		all.addAll(beans(Exchange.class));
		all.addAll(beans(Binding.class));
		beans(Declarables.class).forEach((declarables) -> all.addAll(declarables.getDeclarables()));
		return all.stream().filter(Declarable::shouldDeclare).toList();
	}

	private <T> Collection<T> beans(Class<T> type) {
		return this.context.getBeansOfType(type, false, false).values();
	}

}
