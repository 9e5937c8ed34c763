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
import java.util.function.Consumer;

import com.rabbitmq.client.Channel;
import org.jspecify.annotations.Nullable;

/**
 * Work with a channel as work without one: leases the channel, and waits for the
 * confirms.
 *
 * @param <T> the type of the result
 * @param <E> the type of the checked exceptions of the work, if any
 */
final class ChannelTry<T extends @Nullable Object, E extends Throwable> implements EnsuredWork<T, E> {

	private final ChannelSource channels;

	private final EnsurePolicy policy;

	private final EnsuredChannelWork<T, E> work;

	private @Nullable Channel given;

	private @Nullable Channel current;

	private @Nullable Consumer<Channel> whenLeased;

	ChannelTry(ChannelSource channels, @Nullable Channel given, EnsurePolicy policy, EnsuredChannelWork<T, E> work) {
		this.channels = channels;
		this.given = given;
		this.policy = policy;
		this.work = work;
	}

	@Nullable Channel current() {
		return this.current;
	}

	void whenLeased(@Nullable Consumer<Channel> whenLeased) {
		this.whenLeased = whenLeased;
	}

	@Override
	@SuppressWarnings("unchecked")
	public T run() throws E {
		Channel first = this.given;
		this.given = null;
		this.current = null;
		try (ChannelLease lease = this.channels.lease(first)) {
			this.current = lease.channel();
			if (this.whenLeased != null) {
				this.whenLeased.accept(lease.channel());
			}
			EnsureScope.markSent();
			T result = this.work.run(lease.channel());
			lease.awaitConfirms(Duration.ofNanos(EnsureScope.remainingNanos(this.policy.timeout().toNanos())));
			return result;
		}
		catch (Throwable ex) {
			throw (E) ex;
		}
	}

}
