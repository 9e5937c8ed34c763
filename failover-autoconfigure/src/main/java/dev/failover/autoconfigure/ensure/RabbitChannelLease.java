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

package dev.failover.autoconfigure.ensure;

import java.time.Duration;

import com.rabbitmq.client.Channel;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.AmqpException;
import org.springframework.amqp.rabbit.connection.ChannelProxy;

import dev.failover.ensure.ChannelLease;

/**
 * Lease of a channel that may be a proxy of Spring's cache. Such a proxy opens a new
 * channel by itself when it finds the old one closed; what was published on the old one
 * is then not known to be confirmed.
 */
final class RabbitChannelLease implements ChannelLease {

	private final Channel channel;

	private final @Nullable Channel target;

	private final long published;

	private final Duration confirmTimeout;

	private final Runnable release;

	RabbitChannelLease(Channel channel, Duration confirmTimeout, Runnable release) {
		this.channel = channel;
		this.target = target(channel);
		this.published = (this.target != null) ? this.target.getNextPublishSeqNo() : 0;
		this.confirmTimeout = confirmTimeout;
		this.release = release;
	}

	private static @Nullable Channel target(Channel channel) {
		return (channel instanceof ChannelProxy proxy) ? proxy.getTargetChannel() : channel;
	}

	@Override
	public Channel channel() {
		return this.channel;
	}

	@Override
	public void awaitConfirms(Duration timeout) throws Exception {
		Channel current = target(this.channel);
		if (current != this.target) {
			throw new AmqpException("The channel is closed and was replaced while it was in use");
		}
		if (current == null || current.getNextPublishSeqNo() <= Math.max(1, this.published)) {
			return;
		}
		Duration shorter = (timeout.compareTo(this.confirmTimeout) < 0) ? timeout : this.confirmTimeout;
		current.waitForConfirmsOrDie(Math.max(1, shorter.toMillis()));
	}

	@Override
	public void close() {
		this.release.run();
	}

}
