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

package dev.failover.template;

import java.util.Date;
import java.util.concurrent.TimeUnit;

import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.connection.ConnectionFactoryUtils;
import org.springframework.amqp.rabbit.connection.RabbitResourceHolder;
import org.springframework.transaction.support.ResourceHolderSupport;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import org.springframework.util.ClassUtils;

/**
 * The transaction of the current thread, as far as others than RabbitMQ take part in it.
 */
final class CurrentTransaction {

	private static final boolean JPA_PRESENT = ClassUtils.isPresent("org.springframework.orm.jpa.EntityManagerHolder",
			CurrentTransaction.class.getClassLoader())
			&& ClassUtils.isPresent("jakarta.persistence.EntityManager", CurrentTransaction.class.getClassLoader());

	private CurrentTransaction() {
	}

	static boolean isActive() {
		return TransactionSynchronizationManager.isSynchronizationActive()
				&& TransactionSynchronizationManager.isActualTransactionActive();
	}

	/**
	 * Whether the transaction is that of another resource. It is not if a
	 * {@code RabbitTransactionManager} has bound a channel of the connection factory.
	 * Work on a transacted channel belongs to a listener container that has bound its
	 * own: whatever happens to that, the container gets its message again.
	 */
	static boolean isForeign(ConnectionFactory connectionFactory, boolean transacted) {
		RabbitResourceHolder holder = (RabbitResourceHolder) TransactionSynchronizationManager
			.getResource(connectionFactory);
		if (holder == null) {
			return true;
		}
		boolean ofContainer = !holder.isReleaseAfterCompletion();
		return ofContainer ? !transacted : isChannelSynchronized();
	}

	/**
	 * Whether Spring has synchronized a channel with the transaction, because a template
	 * has worked on it before.
	 */
	private static boolean isChannelSynchronized() {
		return TransactionSynchronizationManager.getSynchronizations()
			.stream()
			.anyMatch((
					synchronization) -> synchronization.getClass().getEnclosingClass() == ConnectionFactoryUtils.class);
	}

	/**
	 * Let entities be written to the database, so that this fails before messages are
	 * published. What is written by the commit fails after them.
	 */
	static void flush() {
		if (JPA_PRESENT) {
			PersistenceContexts.flush();
		}
	}

	/**
	 * Return how much of the transaction's own time is left.
	 */
	static long remainingNanos() {
		return TransactionSynchronizationManager.getResourceMap()
			.values()
			.stream()
			.filter((resource) -> resource instanceof ResourceHolderSupport holder && holder.hasTimeout())
			.map((resource) -> ((ResourceHolderSupport) resource).getDeadline())
			.mapToLong((deadline) -> nanosUntil(deadline))
			.min()
			.orElse(Long.MAX_VALUE);
	}

	private static long nanosUntil(Date deadline) {
		return TimeUnit.MILLISECONDS.toNanos(deadline.getTime() - System.currentTimeMillis());
	}

}
