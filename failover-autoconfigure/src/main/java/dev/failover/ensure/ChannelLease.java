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

/**
 * A channel for one try of ensured work.
 */
public interface ChannelLease extends AutoCloseable {

	/**
	 * Return the channel.
	 * @return the channel, the same each time
	 */
	Channel channel();

	/**
	 * Wait until the broker has confirmed what was published on the channel during the
	 * lease, if the channel is in confirm mode.
	 * @param timeout how long to wait at most
	 * @throws Exception if something was not confirmed, the channel was lost, or the
	 * thread was interrupted
	 */
	void awaitConfirms(Duration timeout) throws Exception;

	/**
	 * Give the channel back.
	 */
	@Override
	void close();

}
