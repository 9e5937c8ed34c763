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
import java.time.Duration;
import java.util.List;

import com.rabbitmq.client.Channel;
import org.jspecify.annotations.Nullable;

import dev.failover.broker.Broker;

/**
 * A connection that waits to be taken into use, with a channel in confirm mode where one
 * is wanted.
 */
final class StandbyConnection {

	private final ConnectionKind kind;

	private final Broker broker;

	private final boolean confirming;

	private volatile @Nullable ConnectAttempt attempt;

	private volatile @Nullable Channel confirmChannel;

	private volatile @Nullable ReadyChannels channels;

	private volatile @Nullable Long keptUntil;

	StandbyConnection(ConnectionKind kind, Broker broker, boolean confirming) {
		this.kind = kind;
		this.broker = broker;
		this.confirming = confirming;
	}

	ConnectionKind kind() {
		return this.kind;
	}

	Broker broker() {
		return this.broker;
	}

	boolean confirming() {
		return this.confirming;
	}

	@Nullable Channel confirmChannel() {
		return this.confirmChannel;
	}

	@Nullable ReadyChannels channels() {
		return this.channels;
	}

	/**
	 * Open the connection in the background.
	 * @param onChange called when it is open, has failed, or is lost
	 */
	void open(BrokerConnector connector, Runnable onChange) {
		List<ConnectionPreparer> preparers = this.confirming ? List.of(this::selectConfirms) : List.of();
		ConnectAttempt started = connector.startPrepared(this.broker, this.kind.standby(), preparers);
		this.attempt = started;
		started.result().whenComplete((opened, failure) -> {
			if (opened != null) {
				this.channels = new ReadyChannels(opened.connection());
				opened.connection().addShutdownListener((signal) -> onChange.run());
			}
			onChange.run();
		});
	}

	private void selectConfirms(OpenConnection opened) throws IOException {
		Channel channel = opened.connection().createChannel();
		if (channel != null) {
			channel.confirmSelect();
			this.confirmChannel = channel;
		}
	}

	/**
	 * Return the attempt that has opened the connection.
	 * @return the attempt, or {@code null} if the connection is not open
	 */
	@Nullable ConnectAttempt ready() {
		ConnectAttempt started = this.attempt;
		OpenConnection opened = (started != null && !started.result().isCompletedExceptionally())
				? started.result().getNow(null) : null;
		return (opened != null && opened.connection().isOpen()) ? started : null;
	}

	/**
	 * Return whether it was begun to open the connection.
	 */
	boolean isBegun() {
		return this.attempt != null;
	}

	boolean hasEnded() {
		ConnectAttempt started = this.attempt;
		return started != null && started.result().isDone() && ready() == null;
	}

	/**
	 * Whether a connection to what is the active broker now may still be taken: the
	 * application opens its connections one after the other.
	 * @param time how long from the first time on that this is asked
	 * @param onFirst called the first time
	 */
	boolean isKept(Duration time, Runnable onFirst) {
		Long until = this.keptUntil;
		if (until == null) {
			this.keptUntil = System.nanoTime() + time.toNanos();
			onFirst.run();
			return true;
		}
		return System.nanoTime() - until < 0;
	}

	void close(BrokerConnector connector) {
		ConnectAttempt started = this.attempt;
		if (started != null) {
			connector.discard(started);
		}
	}

}
