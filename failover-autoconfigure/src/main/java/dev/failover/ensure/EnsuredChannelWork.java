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

import com.rabbitmq.client.Channel;
import org.jspecify.annotations.Nullable;

/**
 * Work with a channel that is done again, with a new channel, when a broker fails.
 *
 * @param <T> the type of the result
 * @param <E> the type of the checked exceptions, if any
 */
@FunctionalInterface
public interface EnsuredChannelWork<T extends @Nullable Object, E extends Throwable> {

	/**
	 * Do the work.
	 * @param channel the channel of this try, not to be used after it
	 * @return the result
	 * @throws E if the work fails
	 */
	T run(Channel channel) throws E;

}
