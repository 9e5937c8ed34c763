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

package dev.failover.template;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;

import com.rabbitmq.client.Channel;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.rabbit.connection.AbstractConnectionFactory;
import org.springframework.amqp.rabbit.connection.Connection;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;

import dev.failover.broker.Activation;
import dev.failover.broker.Broker;
import dev.failover.broker.BrokerEvent;
import dev.failover.broker.BrokerListener;
import dev.failover.broker.BrokerNotices;
import dev.failover.broker.BrokerState;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.broker.EventStage;
import dev.failover.broker.FailureReason;
import dev.failover.broker.Reconnector;
import dev.failover.connection.ConfirmChannel;
import dev.failover.connection.ConnectionApart;
import dev.failover.connection.DestinationFault;
import dev.failover.connection.FailoverConnectionFactory;
import dev.failover.connection.RoutingKeys;

/**
 * Opens channels on the connections of Spring's connection factory, so that its listeners
 * have declared the topology before anything is published. Channels are opened by one
 * thread.
 */
final class SpringPublishSource implements PublishSource {

	private final ConnectionFactory connectionFactory;

	private final @Nullable FailoverConnectionFactory failover;

	private final Brokers brokers;

	private final Reconnector reconnector;

	private @Nullable Connection connection;

	/**
	 * A connection beside that of Spring, from which the broker reads nothing.
	 */
	private @Nullable ConnectionApart apart;

	private volatile @Nullable Activation last;

	private volatile @Nullable Thread opener;

	private volatile @Nullable BrokerListener moves;

	private volatile Runnable onMove = () -> {
	};

	SpringPublishSource(ConnectionFactory connectionFactory, Brokers brokers, Reconnector reconnector) {
		this.connectionFactory = connectionFactory;
		this.failover = (connectionFactory instanceof AbstractConnectionFactory spring
				&& spring.getRabbitConnectionFactory() instanceof FailoverConnectionFactory known) ? known : null;
		this.brokers = brokers;
		this.reconnector = reconnector;
	}

	@Override
	public boolean isLeft() {
		Activation target = this.last;
		Broker active = this.brokers.getActive();
		return this.failover != null && target != null && active != null
				&& !active.name().equals(target.broker().name());
	}

	@Override
	public @Nullable Broker lastBroker() {
		Activation target = this.last;
		return (target != null) ? target.broker() : null;
	}

	@Override
	public void onMove(Runnable task) {
		this.onMove = task;
	}

	private void listen() {
		if (this.moves == null) {
			BrokerListener listener = (event) -> {
				if (event instanceof BrokerEvent.Activated activated && activated.isPlanned()) {
					this.onMove.run();
				}
			};
			this.brokers.addListener(listener, EventStage.CONNECTIONS);
			this.moves = listener;
		}
	}

	@Override
	public void close() {
		BrokerListener listener = this.moves;
		if (listener != null) {
			this.brokers.removeListener(listener);
		}
	}

	@Override
	public Opened open() throws IOException {
		listen();
		ConnectionApart beside = this.apart;
		if (beside != null && beside.isOpen() && !isLeft()) {
			return opened(beside.openConfirmChannel());
		}
		leaveApart();
		Connection current = this.connection;
		if (current == null || !current.isOpen()) {
			release();
			current = create();
			this.connection = current;
		}
		com.rabbitmq.client.Connection target = current.getDelegate();
		if (target == null) {
			throw new IOException("The connection was lost");
		}
		return open(target);
	}

	@Override
	public Opened openApart() throws IOException {
		Activation activation = this.last;
		if (this.failover == null || activation == null) {
			throw new IOException("There is no active broker to open another connection to");
		}
		ConnectionApart fresh = this.failover.newConnectionApart(activation);
		leaveApart();
		this.apart = fresh;
		return opened(fresh.openConfirmChannel());
	}

	private void leaveApart() {
		ConnectionApart left = this.apart;
		this.apart = null;
		if (left != null) {
			left.leave();
		}
	}

	private Opened open(com.rabbitmq.client.Connection target) throws IOException {
		return (this.failover != null) ? opened(this.failover.openConfirmChannel(target))
				: new Opened(confirming(target), this.brokers.getActivation(), null, RoutingKeys.unchanged());
	}

	private Opened opened(ConfirmChannel channel) {
		this.last = channel.activation();
		return new Opened(channel.channel(), channel.activation(), channel.writeBatch(), channel.routingKeys());
	}

	private Connection create() {
		this.opener = Thread.currentThread();
		try {
			return this.connectionFactory.createConnection();
		}
		finally {
			this.opener = null;
		}
	}

	@Override
	public boolean isOpening() {
		return Thread.currentThread() == this.opener || (this.failover != null && this.failover.isOpening());
	}

	@Override
	public Opened openHere() throws IOException {
		// Spring's factories give out what the same thread is opening
		com.rabbitmq.client.Connection target = (this.failover != null) ? this.failover.getOpening()
				: this.connectionFactory.createConnection().getDelegate();
		if (target == null || !target.isOpen()) {
			throw new IOException("The connection is not open");
		}
		if (this.failover != null && this.failover.isOwn(target)) {
			ConfirmChannel channel = this.failover.openConfirmChannel(target);
			return new Opened(channel.channel(), null, null, channel.routingKeys());
		}
		return new Opened(confirming(target), null, null, RoutingKeys.unchanged());
	}

	@Override
	public @Nullable String getOutage() {
		if (this.brokers.getActivation() != null) {
			return null;
		}
		List<BrokerStatus> down = this.brokers.getStatuses()
			.stream()
			.filter((status) -> status.state() == BrokerState.DOWN && status.lastFailure() != null)
			.toList();
		if (down.isEmpty()) {
			return null;
		}
		boolean refused = down.stream()
			.map(BrokerStatus::lastFailure)
			.allMatch((failure) -> failure != null && failure.reason() == FailureReason.ACCESS_REFUSED);
		return down.stream()
			.map((status) -> status.broker().name() + ": " + Objects.requireNonNull(status.lastFailure()).description())
			.collect(Collectors.joining("; ",
					refused ? "No broker accepted the login: " : "No broker can be connected to: ", ""));
	}

	@Override
	public @Nullable DestinationFault rejected(String exchange, String routingKey) {
		Broker active = this.brokers.getActive();
		return (this.failover != null && active != null)
				? this.failover.getQueueGuard().rejected(active, exchange, routingKey) : null;
	}

	private static Channel confirming(com.rabbitmq.client.Connection target) throws IOException {
		Channel channel = target.createChannel();
		if (channel == null) {
			throw new IOException("The connection has no channel left, its maximum is " + target.getChannelMax());
		}
		channel.confirmSelect();
		return channel;
	}

	@Override
	public boolean isClosed() {
		return this.reconnector.isClosed();
	}

	private void release() {
		Connection lost = this.connection;
		this.connection = null;
		if (lost != null) {
			lost.close();
		}
	}

	@Override
	public void awaitActive(Duration timeout) throws InterruptedException {
		this.reconnector.awaitActive(timeout);
	}

	@Override
	public boolean isBlocked(@Nullable Activation activation) {
		return activation != null && this.brokers.getStatus(activation.broker().name())
			.map(BrokerStatus::state)
			.filter((state) -> state == BrokerState.BLOCKED)
			.isPresent();
	}

	@Override
	public void suspect(@Nullable Activation activation) {
		if (activation != null) {
			this.brokers.suspect(activation);
		}
	}

	@Override
	public void failed(@Nullable Activation activation, Throwable cause) {
		if (activation != null) {
			this.brokers.failed(activation, FailureReason.TIMEOUT, cause);
		}
	}

	@Override
	public void replayed(@Nullable Activation activation, int inFlight, int replayed) {
		if (activation != null) {
			new BrokerNotices(this.brokers).replayed(activation, inFlight, replayed);
		}
	}

}
