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

package dev.failover.listener;

import java.time.Duration;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import org.springframework.util.Assert;

/**
 * {@link HandledMessages} in the memory of this application instance: the last ones, up
 * to a number and an age. What was handled before a restart is forgotten.
 */
public final class CaffeineHandledMessages implements HandledMessages {

	private final Cache<Key, Boolean> keys;

	/**
	 * Create a memory.
	 * @param maxSize how many messages to remember at most
	 * @param expireAfter how long to remember a message at most
	 */
	public CaffeineHandledMessages(long maxSize, Duration expireAfter) {
		Assert.isTrue(maxSize > 0, () -> "'maxSize' must be at least 1, not " + maxSize);
		Assert.isTrue(expireAfter.compareTo(Duration.ZERO) > 0, "'expireAfter' must be greater than 0");
		this.keys = Caffeine.newBuilder().maximumSize(maxSize).expireAfterWrite(expireAfter).build();
	}

	@Override
	public boolean contains(String queue, String messageId) {
		return this.keys.getIfPresent(new Key(queue, messageId)) != null;
	}

	@Override
	public void add(String queue, String messageId) {
		this.keys.put(new Key(queue, messageId), Boolean.TRUE);
	}

	/**
	 * What a message is recognised by.
	 *
	 * @param queue the queue
	 * @param messageId the id
	 */
	private record Key(String queue, String messageId) {
	}

}
