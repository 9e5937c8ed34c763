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

import java.time.Duration;

import org.springframework.util.Assert;

/**
 * How messages are published and confirmed.
 *
 * @param confirmTimeout how long a broker may confirm nothing before it has to open
 * another channel, and is given up if it does not
 * @param maxInFlight how many messages may be unconfirmed at a time before callers wait
 * @param shutdownTimeout how long to wait for outstanding confirms on shutdown
 * @param inTransaction when to publish what is sent within the transaction of another
 * resource
 */
public record PublishSettings(Duration confirmTimeout, int maxInFlight, Duration shutdownTimeout,
		PublishInTransaction inTransaction) {

	/**
	 * Settings that suit most applications: 5 seconds for a confirm, 1000 messages in
	 * flight, 10 seconds for shutdown, and published before a transaction commits.
	 */
	public static final PublishSettings DEFAULTS = new PublishSettings(Duration.ofSeconds(5), 1000,
			Duration.ofSeconds(10));

	public PublishSettings {
		Assert.isTrue(confirmTimeout.toMillis() > 0,
				() -> "'confirmTimeout' must be at least 1 ms, not " + confirmTimeout.toMillis() + " ms");
		Assert.isTrue(maxInFlight > 0, () -> "'maxInFlight' must be at least 1, not " + maxInFlight);
		Assert.isTrue(!shutdownTimeout.isNegative(),
				() -> "'shutdownTimeout' must not be negative, but is " + shutdownTimeout.toMillis() + " ms");
		Assert.notNull(inTransaction, "'inTransaction' must not be null");
	}

	/**
	 * Create settings that publish before a transaction commits.
	 * @param confirmTimeout how long to wait for one confirm before the broker is given
	 * up
	 * @param maxInFlight how many messages may be unconfirmed at a time before callers
	 * wait
	 * @param shutdownTimeout how long to wait for outstanding confirms on shutdown
	 */
	public PublishSettings(Duration confirmTimeout, int maxInFlight, Duration shutdownTimeout) {
		this(confirmTimeout, maxInFlight, shutdownTimeout, PublishInTransaction.BEFORE_COMMIT);
	}

}
