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

import java.util.Set;

import org.jspecify.annotations.Nullable;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;

/**
 * The copy of a container on one broker.
 *
 * @param container the copy, or {@code null} if it could not be started
 * @param wanted the queues that the original consumes from
 * @param missing those of them that the broker does not have
 */
record DrainedContainer(@Nullable AbstractMessageListenerContainer container, Set<String> wanted, Set<String> missing) {

	boolean isRunning() {
		return this.container != null && this.container.isRunning();
	}

}
