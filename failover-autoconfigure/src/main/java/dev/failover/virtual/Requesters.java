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

package dev.failover.virtual;

import java.lang.ref.Reference;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

import org.jspecify.annotations.Nullable;

/**
 * Knows on which channel requests with a direct reply have come: its name is one of a
 * channel to the same broker, and of no other.
 */
final class Requesters {

	private static final String PREFIX = Subscription.DIRECT_REPLIES + ".";

	/**
	 * A requester has one name for each channel on which it waits for replies.
	 */
	private static final int MAX_SIZE = 1000;

	private final ReentrantLock lock = new ReentrantLock();

	private final Map<String, Reference<RealChannel>> channels = new LinkedHashMap<>(16, 0.75f, true) {

		@Override
		protected boolean removeEldestEntry(Map.Entry<String, Reference<RealChannel>> eldest) {
			return size() > MAX_SIZE;
		}

	};

	void add(String replyTo, RealChannel real) {
		if (!replyTo.startsWith(PREFIX)) {
			return;
		}
		this.lock.lock();
		try {
			this.channels.put(replyTo, real.self());
		}
		finally {
			this.lock.unlock();
		}
	}

	@Nullable RealChannel get(String routingKey) {
		if (!routingKey.startsWith(PREFIX)) {
			return null;
		}
		this.lock.lock();
		try {
			Reference<RealChannel> channel = this.channels.get(routingKey);
			return (channel != null) ? channel.get() : null;
		}
		finally {
			this.lock.unlock();
		}
	}

}
