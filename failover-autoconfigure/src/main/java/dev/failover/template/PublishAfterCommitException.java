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

import org.springframework.amqp.AmqpException;

import dev.failover.ensure.ClassifiedFailure;
import dev.failover.ensure.FailureVerdict;

/**
 * Thrown when a transaction has been committed, but messages that were sent in it could
 * not be published after it. The cause is the failure of the first of them; those of the
 * others are suppressed exceptions of it. An {@code @Ensure} around the transaction does
 * not repeat it, as what it did is there already.
 */
public class PublishAfterCommitException extends AmqpException implements ClassifiedFailure {

	PublishAfterCommitException(int failures, RuntimeException first) {
		super("The transaction is committed, but not all that was sent in it is published, %d failed: %s"
			.formatted(failures, first.getMessage()), first);
	}

	/**
	 * Return that the work must not be repeated.
	 */
	@Override
	public FailureVerdict getVerdict() {
		return FailureVerdict.NEVER;
	}

}
