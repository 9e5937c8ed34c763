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

/**
 * When messages are published that are sent within the transaction of another resource, a
 * database for example.
 */
public enum PublishInTransaction {

	/**
	 * Published and confirmed before the transaction commits, so that a failure rolls it
	 * back. A template whose channel is transacted holds its messages until then, and a
	 * rollback drops them. Any other template publishes at once. If the commit itself
	 * fails, the messages are there, and what the transaction did is not.
	 */
	BEFORE_COMMIT,

	/**
	 * Held, and published with confirms after the transaction has committed, whatever the
	 * template. A rollback drops the messages. If they cannot be published, what the
	 * transaction did is there, and the messages are not: the caller gets a
	 * {@link PublishAfterCommitException}.
	 */
	AFTER_COMMIT,

	/**
	 * As with Spring's template: if the channel is transacted, it commits after the
	 * transaction, and if that fails, the messages are lost and nobody gets an exception.
	 * Any other template publishes at once.
	 */
	SPRING

}
