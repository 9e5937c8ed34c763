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

package dev.failover.ensure;

import org.springframework.util.Assert;

import dev.failover.broker.FailureReason;

/**
 * The result of a classification.
 *
 * @param action what can cure the failure
 * @param reason why the broker is given up, if it is
 * @param nothingSent whether the failure proves that the operation that threw it sent
 * nothing, so that repeating it cannot do anything twice
 */
public record FailureVerdict(FailureAction action, FailureReason reason, boolean nothingSent) {

	/**
	 * The verdict on failures that a repetition cannot cure.
	 */
	public static final FailureVerdict NEVER = new FailureVerdict(FailureAction.NEVER, FailureReason.CONNECTION_LOST,
			false);

	/**
	 * The verdict on failures that a new channel of the same broker can cure.
	 */
	public static final FailureVerdict SAME_BROKER = new FailureVerdict(FailureAction.SAME_BROKER,
			FailureReason.CONNECTION_LOST, false);

	public FailureVerdict {
		Assert.notNull(action, "'action' must not be null");
		Assert.notNull(reason, "'reason' must not be null");
	}

	/**
	 * Return the verdict on a failure of an established connection.
	 * @param reason why the broker is given up
	 * @return a verdict that leaves open what was sent
	 */
	public static FailureVerdict nextBroker(FailureReason reason) {
		return new FailureVerdict(FailureAction.NEXT_BROKER, reason, false);
	}

	/**
	 * Return the verdict on a failure to connect.
	 * @param reason why the broker is given up
	 * @return a verdict that nothing was sent
	 */
	public static FailureVerdict notConnected(FailureReason reason) {
		return new FailureVerdict(FailureAction.NEXT_BROKER, reason, true);
	}

	/**
	 * Return whether a repetition can cure the failure.
	 * @return {@code false} if the action is {@link FailureAction#NEVER}
	 */
	public boolean isRetryable() {
		return this.action != FailureAction.NEVER;
	}

}
