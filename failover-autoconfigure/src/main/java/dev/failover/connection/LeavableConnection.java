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
import java.net.InetAddress;
import java.net.Socket;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;

import com.rabbitmq.client.BlockedCallback;
import com.rabbitmq.client.BlockedListener;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ExceptionHandler;
import com.rabbitmq.client.ShutdownListener;
import com.rabbitmq.client.ShutdownSignalException;
import com.rabbitmq.client.UnblockedCallback;
import com.rabbitmq.client.impl.NetworkConnection;
import org.jspecify.annotations.Nullable;

/**
 * A connection of the application that says it is closed as soon as another broker is
 * active, so that whoever wants a channel opens a new connection. What runs on its
 * channels goes on until it is closed.
 */
final class LeavableConnection implements Connection, NetworkConnection {

	private final Connection delegate;

	private final Socket socket;

	private final @Nullable WriteBatch writeBatch;

	private final BooleanSupplier elsewhere;

	private final DirectReplyNames.At replies;

	private final QueueDoor.At queues;

	private final Set<Channel> channels = ConcurrentHashMap.newKeySet();

	private final Set<CountedChannel> counted = ConcurrentHashMap.newKeySet();

	private final AtomicBoolean left = new AtomicBoolean();

	/**
	 * Create a view of a connection.
	 * @param opened the connection
	 * @param elsewhere whether another broker is active
	 * @param replyNames the names of direct replies, or {@code null} to look at none
	 * @param queues lets operations on queues pass
	 */
	LeavableConnection(OpenConnection opened, BooleanSupplier elsewhere, @Nullable DirectReplyNames replyNames,
			QueueDoor queues) {
		this.delegate = opened.connection();
		this.socket = opened.socket();
		this.writeBatch = SocketWriteBatch.of(opened.connection(), opened.socket());
		this.elsewhere = elsewhere;
		this.replies = new DirectReplyNames.At(replyNames, opened.broker());
		this.queues = new QueueDoor.At(queues, opened.broker());
	}

	/**
	 * Return the connection behind a view, or the connection itself if it is none.
	 */
	static Connection unwrap(Connection connection) {
		return (connection instanceof LeavableConnection leavable) ? leavable.delegate : connection;
	}

	/**
	 * Be closed for whoever asks, also when the broker is active again.
	 * @return whether that is news
	 */
	boolean leave() {
		return this.left.compareAndSet(false, true);
	}

	boolean isLeft() {
		return this.left.get() || this.elsewhere.getAsBoolean();
	}

	@Nullable WriteBatch writeBatch() {
		return this.writeBatch;
	}

	RoutingKeys routingKeys() {
		return this.replies::routingKey;
	}

	boolean hasChannels() {
		return !this.channels.isEmpty();
	}

	/**
	 * Return whether nothing that was delivered waits to be acknowledged or rejected.
	 */
	boolean isSettled() {
		return this.counted.stream().allMatch(CountedChannel::isSettled);
	}

	/**
	 * There is no channel if the connection has as many as it may have.
	 */
	private Channel open(Channel channel) {
		track(channel);
		if (channel == null) {
			return channel;
		}
		CountedChannel counted = new CountedChannel(channel, this::isConnected, this.replies, this.queues);
		this.counted.add(counted);
		channel.addShutdownListener((signal) -> this.counted.remove(counted));
		return counted.channel();
	}

	/**
	 * Count a channel until it is closed.
	 */
	<C extends @Nullable Channel> C track(C channel) {
		if (channel != null) {
			this.channels.add(channel);
			channel.addShutdownListener((signal) -> this.channels.remove(channel));
		}
		return channel;
	}

	/**
	 * The client reads what was received before it notices that the socket was closed,
	 * and waits for consumers that have no room for it.
	 */
	@Override
	public boolean isOpen() {
		return this.delegate.isOpen() && isConnected() && !isLeft();
	}

	private boolean isConnected() {
		return !this.socket.isClosed();
	}

	@Override
	public Channel createChannel() throws IOException {
		return open(this.delegate.createChannel());
	}

	@Override
	public Channel createChannel(int channelNumber) throws IOException {
		return open(this.delegate.createChannel(channelNumber));
	}

	@Override
	public void close() throws IOException {
		this.delegate.close();
	}

	@Override
	public void close(int closeCode, String closeMessage) throws IOException {
		this.delegate.close(closeCode, closeMessage);
	}

	@Override
	public void close(int timeout) throws IOException {
		this.delegate.close(timeout);
	}

	@Override
	public void close(int closeCode, String closeMessage, int timeout) throws IOException {
		this.delegate.close(closeCode, closeMessage, timeout);
	}

	@Override
	public void abort() {
		this.delegate.abort();
	}

	@Override
	public void abort(int closeCode, String closeMessage) {
		this.delegate.abort(closeCode, closeMessage);
	}

	@Override
	public void abort(int timeout) {
		this.delegate.abort(timeout);
	}

	@Override
	public void abort(int closeCode, String closeMessage, int timeout) {
		this.delegate.abort(closeCode, closeMessage, timeout);
	}

	@Override
	public InetAddress getAddress() {
		return this.delegate.getAddress();
	}

	@Override
	public int getPort() {
		return this.delegate.getPort();
	}

	@Override
	public InetAddress getLocalAddress() {
		return (this.delegate instanceof NetworkConnection network) ? network.getLocalAddress()
				: InetAddress.getLoopbackAddress();
	}

	@Override
	public int getLocalPort() {
		return (this.delegate instanceof NetworkConnection network) ? network.getLocalPort() : 0;
	}

	@Override
	public int getChannelMax() {
		return this.delegate.getChannelMax();
	}

	@Override
	public int getFrameMax() {
		return this.delegate.getFrameMax();
	}

	@Override
	public int getHeartbeat() {
		return this.delegate.getHeartbeat();
	}

	@Override
	public Map<String, Object> getClientProperties() {
		return this.delegate.getClientProperties();
	}

	@Override
	public String getClientProvidedName() {
		return this.delegate.getClientProvidedName();
	}

	@Override
	public Map<String, Object> getServerProperties() {
		return this.delegate.getServerProperties();
	}

	@Override
	public void addBlockedListener(BlockedListener listener) {
		this.delegate.addBlockedListener(listener);
	}

	@Override
	public BlockedListener addBlockedListener(BlockedCallback blocked, UnblockedCallback unblocked) {
		return this.delegate.addBlockedListener(blocked, unblocked);
	}

	@Override
	public boolean removeBlockedListener(BlockedListener listener) {
		return this.delegate.removeBlockedListener(listener);
	}

	@Override
	public void clearBlockedListeners() {
		this.delegate.clearBlockedListeners();
	}

	@Override
	public ExceptionHandler getExceptionHandler() {
		return this.delegate.getExceptionHandler();
	}

	@Override
	public String getId() {
		return this.delegate.getId();
	}

	@Override
	public void setId(String id) {
		this.delegate.setId(id);
	}

	@Override
	public void addShutdownListener(ShutdownListener listener) {
		this.delegate.addShutdownListener(listener);
	}

	@Override
	public void removeShutdownListener(ShutdownListener listener) {
		this.delegate.removeShutdownListener(listener);
	}

	@Override
	public ShutdownSignalException getCloseReason() {
		return this.delegate.getCloseReason();
	}

	@Override
	public void notifyListeners() {
		this.delegate.notifyListeners();
	}

	@Override
	public String toString() {
		return this.delegate.toString();
	}

}
