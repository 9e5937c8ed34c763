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

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/**
 * Messages that one template has sent within one transaction of another resource: held
 * until the transaction commits, and dropped if it does not. Bound to the thread of the
 * transaction, and suspended with it.
 */
final class HeldMessages implements TransactionSynchronization {

	private static final Log logger = LogFactory.getLog(HeldMessages.class);

	private final Object key;

	private final PublishInTransaction mode;

	private final HeldMessagePublisher publisher;

	private final Map<Object, Integer> savepoints = new IdentityHashMap<>();

	private List<OutgoingMessage> messages = new ArrayList<>();

	private boolean holding = true;

	private volatile boolean completed;

	HeldMessages(Object key, PublishInTransaction mode, HeldMessagePublisher publisher) {
		this.key = key;
		this.mode = mode;
		this.publisher = publisher;
	}

	/**
	 * Hold a message.
	 * @return whether it is held: when the transaction is about to commit, or has
	 * committed, the message is to be published at once
	 */
	boolean hold(OutgoingMessage message) {
		return this.holding && this.messages.add(message.withOwnBody());
	}

	/**
	 * Whether the transaction has ended, which a thread of its own may have done.
	 */
	boolean isCompleted() {
		return this.completed;
	}

	@Override
	public void suspend() {
		TransactionSynchronizationManager.unbindResource(this.key);
	}

	@Override
	public void resume() {
		TransactionSynchronizationManager.bindResource(this.key, this);
	}

	@Override
	public void savepoint(Object savepoint) {
		this.savepoints.put(savepoint, this.messages.size());
	}

	/**
	 * Drop what was sent after a savepoint. One that is not known is older than the first
	 * message.
	 */
	@Override
	public void savepointRollback(Object savepoint) {
		int size = Math.min(this.savepoints.getOrDefault(savepoint, 0), this.messages.size());
		List<OutgoingMessage> later = this.messages.subList(size, this.messages.size());
		later.forEach(this.publisher::rolledBack);
		later.clear();
	}

	@Override
	public void beforeCommit(boolean readOnly) {
		if (this.mode == PublishInTransaction.BEFORE_COMMIT) {
			if (!readOnly && this.holding) {
				CurrentTransaction.flush();
			}
			List<RuntimeException> failures = publish(CurrentTransaction.remainingNanos());
			if (!failures.isEmpty()) {
				throw failures.get(0);
			}
		}
	}

	/**
	 * Publish what is held, also if the first message was sent when it was too late to do
	 * so before the commit.
	 */
	@Override
	public void afterCommit() {
		List<RuntimeException> failures = publish(Long.MAX_VALUE);
		if (!failures.isEmpty()) {
			PublishAfterCommitException failure = new PublishAfterCommitException(failures.size(), failures.get(0));
			logger.error(failure.getMessage());
			throw failure;
		}
	}

	/**
	 * What is held here although the transaction has committed was sent after it.
	 */
	@Override
	public void afterCompletion(int status) {
		this.completed = true;
		TransactionSynchronizationManager.unbindResourceIfPossible(this.key);
		if (status == STATUS_COMMITTED) {
			afterCommit();
			return;
		}
		if (status == STATUS_UNKNOWN && !this.messages.isEmpty()) {
			logger.warn(
					"Nobody knows whether the transaction is committed: %d messages are not published, the first is %s"
						.formatted(this.messages.size(), this.messages.get(0)));
		}
		take().forEach(this.publisher::rolledBack);
	}

	private List<RuntimeException> publish(long nanos) {
		if (!this.holding) {
			return List.of();
		}
		List<RuntimeException> failures = this.publisher.publish(take(), nanos);
		failures.stream().skip(1).forEach((failure) -> failures.get(0).addSuppressed(failure));
		return failures;
	}

	private List<OutgoingMessage> take() {
		this.holding = false;
		List<OutgoingMessage> taken = this.messages;
		this.messages = new ArrayList<>();
		return taken;
	}

}
