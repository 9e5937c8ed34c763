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

import org.jspecify.annotations.Nullable;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/**
 * Binds what one template sends to the transaction of the current thread, if that is of
 * another resource.
 */
final class TransactionBinding {

	private final Object key;

	private final ConnectionFactory connectionFactory;

	private final PublishInTransaction mode;

	private final HeldMessagePublisher publisher;

	/**
	 * Create a binding.
	 * @param key what the messages are bound to: the template
	 * @param connectionFactory the connection factory that transacted channels are bound
	 * to
	 * @param mode when messages are published
	 * @param publisher what becomes of them
	 */
	TransactionBinding(Object key, ConnectionFactory connectionFactory, PublishInTransaction mode,
			HeldMessagePublisher publisher) {
		this.key = key;
		this.connectionFactory = connectionFactory;
		this.mode = mode;
		this.publisher = publisher;
	}

	/**
	 * Return the messages of the template that the current transaction holds.
	 * @param transacted whether the channels of the template are transacted
	 * @return the messages, or {@code null} if a message is not the transaction's
	 */
	@Nullable HeldMessages current(boolean transacted) {
		boolean holding = this.mode == PublishInTransaction.AFTER_COMMIT
				|| (this.mode == PublishInTransaction.BEFORE_COMMIT && transacted);
		if (!holding || !CurrentTransaction.isActive()) {
			return null;
		}
		HeldMessages bound = (HeldMessages) TransactionSynchronizationManager.getResource(this.key);
		if (bound != null && !bound.isCompleted()) {
			return bound;
		}
		if (!CurrentTransaction.isForeign(this.connectionFactory, transacted)) {
			return null;
		}
		if (bound != null) {
			TransactionSynchronizationManager.unbindResource(this.key);
		}
		HeldMessages messages = new HeldMessages(this.key, this.mode, this.publisher);
		TransactionSynchronizationManager.bindResource(this.key, messages);
		TransactionSynchronizationManager.registerSynchronization(messages);
		return messages;
	}

}
