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

import java.time.Duration;

import com.rabbitmq.client.Channel;
import org.jspecify.annotations.Nullable;
import org.springframework.retry.RetryListener;

import dev.failover.broker.Broker;

/**
 * Hooks of ensured work. Called by the thread that retries, never before the first
 * failure. What a hook throws is logged and otherwise ignored.
 * <p>
 * The methods of {@link RetryListener} are called as well, around the retries and with
 * their context; {@code open} only when the first try has failed.
 */
public interface EnsureListener extends RetryListener {

	/**
	 * Called after a failure that is going to be retried, before the wait; never after
	 * the last try. When a whole pass over the brokers has failed, there is one call for
	 * each of them.
	 * @param failure what was thrown
	 * @param failed the broker that failed, or {@code null} if it is not known
	 * @param next the broker that is tried next, the same as the failed one if the broker
	 * is not given up, or {@code null} if it is not known
	 * @param interval how long the retry waits at most, zero unless all brokers have
	 * failed or the broker is not given up
	 */
	default void onFailure(Throwable failure, @Nullable Broker failed, @Nullable Broker next, Duration interval) {
	}

	/**
	 * Called after a reconnect, before the work is done again.
	 * @param channel the new channel, or {@code null} if the work is not given one
	 */
	default void onRevive(@Nullable Channel channel) {
	}

}
