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

package dev.failover.connection;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

import com.rabbitmq.client.Channel;

/**
 * A further connection to a broker, beside those of the application, which is closed when
 * it was left and no channel is open on it any more. Safe for use by any number of
 * threads.
 */
public final class ConnectionApart {

	private final UsedConnection used;

	private final BrokerConnector connector;

	private final AtomicInteger channels = new AtomicInteger();

	private final AtomicBoolean closed = new AtomicBoolean();

	private volatile boolean left;

	ConnectionApart(UsedConnection used, BrokerConnector connector) {
		this.used = used;
		this.connector = connector;
	}

	/**
	 * Return whether channels can be opened.
	 * @return whether the connection is open, and was not left
	 */
	public boolean isOpen() {
		return this.used.isOpen() && !this.left;
	}

	/**
	 * Open a channel in confirm mode.
	 * @return the channel
	 * @throws IOException if the connection is lost, or has no channel left
	 */
	public ConfirmChannel openConfirmChannel() throws IOException {
		Channel channel = this.used.connection().createChannel();
		if (channel == null) {
			throw new IOException(
					"The connection has no channel left, its maximum is " + this.used.connection().getChannelMax());
		}
		this.channels.incrementAndGet();
		channel.addShutdownListener((signal) -> {
			this.channels.decrementAndGet();
			closeIfUnused();
		});
		return ConfirmChannel.of(this.used, channel, false);
	}

	/**
	 * Have the connection closed as soon as no channel is open on it.
	 */
	public void leave() {
		this.left = true;
		closeIfUnused();
	}

	private void closeIfUnused() {
		if (this.left && this.channels.get() == 0 && this.closed.compareAndSet(false, true)) {
			this.connector.abort(this.used.connection());
		}
	}

}
