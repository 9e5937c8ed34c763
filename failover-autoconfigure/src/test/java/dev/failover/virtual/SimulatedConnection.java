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

import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.BlockedCallback;
import com.rabbitmq.client.BlockedListener;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ShutdownListener;
import com.rabbitmq.client.ShutdownSignalException;
import com.rabbitmq.client.UnblockedCallback;
import com.rabbitmq.client.impl.StrictExceptionHandler;

/**
 * A connection to a simulated broker: what is sent takes its time, both ways.
 */
final class SimulatedConnection implements InvocationHandler {

	private static final int MAX_TURNS = 10_000;

	private final SimulatedBroker broker;

	private final Schedule schedule;

	private final Connection proxy;

	private final Deque<Frame> inbound = new ArrayDeque<>();

	private final Deque<Frame> outbound = new ArrayDeque<>();

	final List<SimulatedChannel> channels = new ArrayList<>();

	private final List<ShutdownListener> listeners = new CopyOnWriteArrayList<>();

	private final List<BlockedListener> blockedListeners = new ArrayList<>();

	private ShutdownSignalException reason;

	private final long id;

	private int numbers;

	private boolean reading;

	private boolean severed;

	/**
	 * Whether the client has noticed that the socket is closed.
	 */
	private boolean socketClosed;

	/**
	 * Whether everybody knows that the connection is closed.
	 */
	boolean told;

	int channelMax = 2047;

	SimulatedConnection(SimulatedBroker broker) {
		this.broker = broker;
		this.schedule = broker.schedule();
		this.proxy = (Connection) Proxy.newProxyInstance(Connection.class.getClassLoader(),
				new Class<?>[] { Connection.class }, this);
		this.id = broker.nextName();
		broker.connections.add(this);
		this.schedule.actor(() -> !this.reading && !this.inbound.isEmpty(), this::isOver, this::read);
		this.schedule.actor(() -> !this.outbound.isEmpty() && !this.severed, this::isOver, this::work);
	}

	Connection proxy() {
		return this.proxy;
	}

	SimulatedBroker broker() {
		return this.broker;
	}

	boolean isOpen() {
		return this.reason == null;
	}

	private boolean isOver() {
		return !isOpen() && this.inbound.isEmpty();
	}

	boolean isUsable() {
		return isOpen() && !this.socketClosed;
	}

	/**
	 * Whether not everybody has noticed that the connection is lost.
	 */
	boolean isDying() {
		return this.severed && !this.told;
	}

	@Override
	public Object invoke(Object self, Method method, Object[] args) throws Throwable {
		return switch (method.getName()) {
			case "createChannel" -> createChannel();
			case "isOpen" -> isOpen();
			case "getCloseReason" -> this.reason;
			case "addShutdownListener" -> {
				addShutdownListener((ShutdownListener) args[0]);
				yield null;
			}
			case "addBlockedListener" -> addBlockedListener(args);
			case "close", "abort" -> {
				close();
				yield null;
			}
			case "getChannelMax" -> this.channelMax;
			case "getExceptionHandler" -> new StrictExceptionHandler();
			case "toString" -> "connection to " + this.broker;
			case "hashCode" -> System.identityHashCode(this);
			case "equals" -> args[0] == this.proxy;
			case "getId" -> null;
			default -> throw new UnsupportedOperationException(method.toString());
		};
	}

	private void addShutdownListener(ShutdownListener listener) {
		this.listeners.add(listener);
		if (this.reason != null) {
			listener.shutdownCompleted(this.reason);
		}
	}

	private Object addBlockedListener(Object[] args) {
		BlockedListener listener = (args.length == 1) ? (BlockedListener) args[0] : new BlockedListener() {

			@Override
			public void handleBlocked(String reason) throws IOException {
				((BlockedCallback) args[0]).handle(reason);
			}

			@Override
			public void handleUnblocked() throws IOException {
				((UnblockedCallback) args[1]).handle();
			}

		};
		this.blockedListeners.add(listener);
		return (args.length == 1) ? null : listener;
	}

	void block() throws IOException {
		for (BlockedListener listener : List.copyOf(this.blockedListeners)) {
			listener.handleBlocked("memory");
		}
	}

	private Channel createChannel() throws IOException {
		if (this.reason != null) {
			throw new AlreadyClosedException(this.reason);
		}
		if (this.channels.stream().filter(SimulatedChannel::isOpen).count() >= this.channelMax) {
			return null;
		}
		SimulatedChannel channel = new SimulatedChannel(this, ++this.numbers);
		this.channels.add(channel);
		call(channel, () -> {
			channel.openAtBroker();
			return () -> null;
		});
		return channel.proxy();
	}

	// The network

	/**
	 * Something for the client.
	 */
	void send(SimulatedChannel channel, Runnable action) {
		if (!this.severed) {
			this.inbound.add(new Frame(channel, action, false));
		}
	}

	/**
	 * Something that arrives even if the client closes the channel.
	 */
	void answer(SimulatedChannel channel, Runnable action) {
		if (!this.severed) {
			this.inbound.add(new Frame(channel, action, true));
		}
	}

	/**
	 * Something for the broker.
	 */
	void tell(SimulatedChannel channel, Runnable action) throws IOException {
		this.schedule.others();
		channel.requireOpen();
		this.broker.judge().io(channel);
		if (this.severed) {
			if (this.socketClosed || this.schedule.chance(50)) {
				throw new IOException("Broken pipe");
			}
		}
		else {
			this.outbound.add(new Frame(channel, action, false));
		}
		this.schedule.others();
	}

	/**
	 * A round trip.
	 * @param action what the broker does, and what the client does with its answer
	 */
	Object call(SimulatedChannel channel, Request action) throws IOException {
		if (this.schedule.isStill()) {
			this.broker.judge().fail("Round trip on a thread of the client that reads");
		}
		this.schedule.others();
		if (this.reason != null) {
			throw new AlreadyClosedException(this.reason);
		}
		this.broker.judge().io(channel);
		Object[] answer = new Object[1];
		boolean[] done = new boolean[1];
		if (!this.severed) {
			this.outbound.add(new Frame(channel, () -> {
				Answer result = action.atBroker();
				if (result != null) {
					this.inbound.add(new Frame(channel, () -> {
						answer[0] = result.take();
						done[0] = true;
					}, true));
				}
				channel.afterAnswer();
			}, false));
		}
		for (int i = 0; !done[0]; i++) {
			if (i > MAX_TURNS) {
				this.broker.judge().fail("A round trip on %s gets no answer".formatted(channel));
			}
			this.schedule.others();
			if (!done[0] && channel.isOver()) {
				throw new IOException(null, channel.reason());
			}
			if (!done[0] && !this.outbound.isEmpty() && !this.severed) {
				work();
			}
			else if (!done[0] && !this.inbound.isEmpty()) {
				read();
			}
		}
		this.schedule.others();
		return answer[0];
	}

	private void work() {
		Frame frame = this.outbound.poll();
		if (frame.channel() == null || frame.channel().isOpenAtBroker() || frame.channel().isNew()) {
			this.schedule.still(frame.action());
		}
	}

	private void read() {
		Frame frame = this.inbound.poll();
		SimulatedChannel channel = frame.channel();
		if (channel != null && (channel.isOver() || (channel.reason() != null && !frame.answer()))) {
			return;
		}
		this.reading = true;
		try {
			this.schedule.still(frame.action());
		}
		finally {
			this.reading = false;
		}
	}

	/**
	 * The broker is lost: some of what it has sent arrives still.
	 */
	void sever() {
		if (this.severed || !isOpen()) {
			return;
		}
		this.severed = true;
		this.outbound.clear();
		this.channels.forEach(SimulatedChannel::lostAtBroker);
		int kept = this.schedule.below(this.inbound.size() + 1);
		while (this.inbound.size() > kept) {
			this.inbound.removeLast();
		}
		this.socketClosed = this.schedule.chance(30);
		this.inbound
			.add(new Frame(null, () -> shutdown(new ShutdownSignalException(true, false, null, this.proxy)), false));
		this.broker.connections.remove(this);
	}

	private void shutdown(ShutdownSignalException signal) {
		if (!isOpen()) {
			return;
		}
		this.reason = signal;
		List.copyOf(this.channels).forEach((channel) -> channel.shutdown(signal));
		this.told = true;
		this.listeners.forEach((listener) -> listener.shutdownCompleted(signal));
	}

	void close() {
		if (!isOpen()) {
			return;
		}
		List.copyOf(this.channels).forEach(SimulatedChannel::abandonedAtBroker);
		this.severed = true;
		this.outbound.clear();
		this.inbound.clear();
		this.broker.connections.remove(this);
		this.schedule.still(() -> shutdown(new ShutdownSignalException(true, true,
				new AMQP.Connection.Close.Builder().replyCode(200).replyText("OK").build(), this.proxy)));
		this.broker.deliverAll();
	}

	@Override
	public String toString() {
		return this.broker.name() + this.id;
	}

	private record Frame(SimulatedChannel channel, Runnable action, boolean answer) {

	}

	/**
	 * What a broker does for a client.
	 */
	@FunctionalInterface
	interface Request {

		/**
		 * Do it.
		 * @return the answer, or nothing if the channel is closed instead
		 */
		Answer atBroker();

	}

	/**
	 * What a client does when the answer arrives.
	 */
	@FunctionalInterface
	interface Answer {

		Object take();

	}

}
