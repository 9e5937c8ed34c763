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
import java.lang.reflect.Field;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;

import dev.failover.broker.Broker;
import dev.failover.failure.ClientOperation;
import dev.failover.virtual.SimulatedBroker.Delivery;
import dev.failover.virtual.SimulatedBroker.Fate;
import dev.failover.virtual.SimulatedBroker.Message;

/**
 * Some simulated brokers, a virtual connection to them, and applications that use its
 * channels. Nothing waits and nothing runs at the same time: {@link Schedule} decides
 * what comes next.
 */
final class Simulation implements LinkSource, SimulatedBroker.Judge {

	static final String QUEUE = "queue";

	static final String NOWHERE = "nowhere";

	private static final Duration LEAVE = Duration.ofNanos(7);

	private static final Duration TICK = Duration.ofMillis(20);

	private static final Field STRUCTURE = field(VirtualChannel.class, "structure");

	private static final Field PUBLISHING = field(VirtualChannel.class, "publishing");

	private static final Field SUBSCRIPTION = field(RealConsumer.class, "subscription");

	final Schedule schedule = new Schedule();

	final List<SimulatedBroker> brokers = new ArrayList<>();

	final List<SimulatedApplication> applications = new ArrayList<>();

	private final Map<VirtualChannel, SimulatedApplication> owners = new HashMap<>();

	final Map<Long, Delivery> deliveries = new HashMap<>();

	final Map<String, SimulatedApplication.Published> published = new HashMap<>();

	private final List<Runnable> handingOn = new ArrayList<>();

	private final List<Runnable> tasks = new ArrayList<>();

	/**
	 * Tasks that connect, for which somebody may wait with a lock.
	 */
	private final List<Runnable> connecting = new ArrayList<>();

	final List<Runnable> later = new ArrayList<>();

	final List<Runnable> deadlines = new ArrayList<>();

	final List<SimulatedConnection> opened = new ArrayList<>();

	final Set<String> unsharable = new HashSet<>();

	private final AtomicLong ids = new AtomicLong();

	private AssertionError failure;

	private int binding;

	SimulatedBroker active;

	VirtualConnection connection;

	/**
	 * Whether the brokers are nodes of one cluster, as far as exclusive consumers go.
	 */
	boolean cluster;

	/**
	 * How often a broker, a connection or a channel was lost.
	 */
	int losses;

	/**
	 * Whether a deadline is over, so that work is cut off.
	 */
	boolean cutOff;

	Simulation(int brokers) {
		for (int i = 0; i < brokers; i++) {
			this.brokers.add(new SimulatedBroker(String.valueOf((char) ('A' + i)), this.schedule, this, this.ids));
		}
		this.active = this.brokers.get(0);
		this.schedule.actor(() -> !this.handingOn.isEmpty(), () -> false, () -> take(this.handingOn).run());
		this.schedule.actor(() -> !this.tasks.isEmpty() && !isLocked(), () -> false, () -> take(this.tasks).run());
		this.schedule.actor(() -> !this.connecting.isEmpty(), () -> false, () -> take(this.connecting).run());
	}

	private static Field field(Class<?> type, String name) {
		try {
			Field field = type.getDeclaredField(name);
			field.setAccessible(true);
			return field;
		}
		catch (NoSuchFieldException ex) {
			throw new IllegalStateException(ex);
		}
	}

	private static boolean isHeld(Field lock, VirtualChannel channel) {
		try {
			return ((ReentrantLock) lock.get(channel)).isHeldByCurrentThread();
		}
		catch (IllegalAccessException ex) {
			throw new IllegalStateException(ex);
		}
	}

	private SimulatedConnection open(SimulatedBroker broker) {
		this.opened.removeIf((connection) -> !connection.isOpen());
		SimulatedConnection opened = new SimulatedConnection(broker);
		this.opened.add(opened);
		return opened;
	}

	private Runnable take(List<Runnable> from) {
		return from.remove(this.schedule.below(from.size()));
	}

	SimulatedBroker broker(int index) {
		return this.brokers.get(index);
	}

	VirtualConnection open() throws IOException {
		BrokerLink first = connect();
		this.connection = new VirtualConnection(this, first, null, () -> {
		});
		return this.connection;
	}

	/**
	 * Open a channel, which holds its lock meanwhile.
	 */
	SimulatedApplication channel() throws IOException {
		this.binding++;
		try {
			return application((VirtualChannel) this.connection.createChannel());
		}
		finally {
			this.binding--;
		}
	}

	private SimulatedApplication application(VirtualChannel channel) {
		SimulatedApplication application = new SimulatedApplication(this, channel);
		this.applications.add(application);
		this.owners.put(channel, application);
		return application;
	}

	/**
	 * Whether what runs holds a lock for which another thread would have to wait.
	 */
	boolean isLocked() {
		return this.binding > 0 || this.owners.keySet()
			.stream()
			.anyMatch((channel) -> isHeld(STRUCTURE, channel) || isHeld(PUBLISHING, channel));
	}

	static ReentrantLock structure(VirtualChannel channel) {
		try {
			return (ReentrantLock) STRUCTURE.get(channel);
		}
		catch (IllegalAccessException ex) {
			throw new IllegalStateException(ex);
		}
	}

	void move(SimulatedBroker broker) {
		this.schedule.trace("move to " + broker);
		this.active = broker;
		this.connection.follow();
	}

	void rest() {
		this.schedule.rest();
		check();
	}

	/**
	 * Until there is nothing to be done, now and later. No deadline passes.
	 */
	void settleDown() {
		rest();
		for (int i = 0; i < 50 && !this.later.isEmpty(); i++) {
			this.schedule.now += Duration.ofSeconds(2).toNanos();
			List<Runnable> due = List.copyOf(this.later);
			this.later.clear();
			due.forEach(Runnable::run);
			rest();
		}
	}

	void check() {
		if (this.failure != null) {
			throw this.failure;
		}
	}

	List<SimulatedConnection> connections() {
		return this.brokers.stream().flatMap((broker) -> broker.connections.stream()).toList();
	}

	List<SimulatedChannel> channels() {
		return connections().stream().flatMap((connection) -> connection.channels.stream()).toList();
	}

	// LinkSource

	@Override
	public Broker active() {
		return (this.active != null) ? this.active.broker() : null;
	}

	@Override
	public BrokerLink connect() throws IOException {
		if (this.active == null || !this.active.up) {
			this.active = this.brokers.stream().filter((broker) -> broker.up).findFirst().orElse(null);
		}
		if (this.active == null) {
			throw new IOException("No broker answers");
		}
		this.schedule.trace("connect to " + this.active);
		return new SimulatedLink(open(this.active));
	}

	@Override
	public BrokerLink connectTo(Broker broker) throws IOException {
		this.schedule.others();
		for (SimulatedBroker each : this.brokers) {
			if (each.name().equals(broker.name()) && each.up) {
				this.schedule.trace("connect beside to " + each);
				return new SimulatedLink(open(each));
			}
		}
		throw new IOException("Broker '%s' does not answer".formatted(broker.name()));
	}

	@Override
	public void awaitQueues(Broker broker) {
	}

	@Override
	public boolean isSharable(String queue) {
		return !this.unsharable.contains(queue);
	}

	@Override
	public void close(BrokerLink link) {
		this.tasks.add(((SimulatedLink) link).simulated()::close);
	}

	@Override
	public void execute(Runnable task) {
		boolean connects = StackWalker.getInstance()
			.walk((frames) -> frames.skip(1).findFirst())
			.filter((caller) -> caller.getMethodName().equals("connect"))
			.isPresent();
		(connects ? this.connecting : this.tasks).add(task);
	}

	@Override
	public void later(Duration delay, Runnable task) {
		(delay.equals(LEAVE) ? this.deadlines : this.later).add(task);
	}

	@Override
	public Executor consumers() {
		return this.handingOn::add;
	}

	/**
	 * Who asks waits for a connection: in the meantime, others go on.
	 */
	@Override
	public Duration connectTimeout() {
		this.schedule.others();
		while (!this.connecting.isEmpty()) {
			take(this.connecting).run();
		}
		return Duration.ofNanos(1);
	}

	@Override
	public Duration leaveTimeout() {
		return LEAVE;
	}

	/**
	 * Who looks at the clock again and again sees it go on.
	 */
	@Override
	public long nanoTime() {
		this.schedule.now += TICK.toNanos();
		return this.schedule.now;
	}

	// Judge

	@Override
	public void delivered(Delivery delivery) {
		this.deliveries.put(delivery.id(), delivery);
	}

	@Override
	public void settled(Delivery delivery, Fate fate) {
		if (delivery.fate != Fate.OPEN) {
			fail("Settled twice: " + delivery);
		}
		if (delivery.knownTakenBack && fate == Fate.REQUEUED && owner(delivery).isEnding()) {
			return;
		}
		if (delivery.meant == null) {
			boolean givenBack = fate == Fate.REQUEUED && delivery.handed == 0 && mayBeGivenBack(delivery);
			if (!givenBack) {
				fail("%s, which the application does not know of: %s".formatted(fate, delivery));
			}
		}
		else if (delivery.meant != fate) {
			fail("%s, which the application has not meant: %s".formatted(fate, delivery));
		}
	}

	private boolean mayBeGivenBack(Delivery delivery) {
		if (delivery.consumer() == null) {
			return false;
		}
		return subscription(delivery.consumer()).isCancelled() || owner(delivery).isEnding()
				|| !delivery.channel().hasConsumer(delivery.consumer().tag());
	}

	SimulatedApplication owner(Delivery delivery) {
		SimulatedChannel.BrokerConsumer consumer = delivery.consumer();
		return (consumer != null) ? consumer(consumer).application() : null;
	}

	/**
	 * Return the consumer of an application that is behind what a broker delivers to.
	 */
	static SimulatedApplication.Listener consumer(SimulatedChannel.BrokerConsumer consumer) {
		return (SimulatedApplication.Listener) subscription(consumer).callback();
	}

	/**
	 * Whether a delivery has come for a consumer that has ended.
	 */
	static boolean hasEnded(Delivery delivery) {
		if (delivery.consumer() == null) {
			return false;
		}
		SimulatedApplication.Listener listener = consumer(delivery.consumer());
		return listener.isCancelled() || listener.cancelledByBroker() > 0
				|| subscription(delivery.consumer()).isCancelled();
	}

	private static Subscription subscription(SimulatedChannel.BrokerConsumer consumer) {
		try {
			return (Subscription) SUBSCRIPTION.get(consumer.callback());
		}
		catch (IllegalAccessException ex) {
			throw new IllegalStateException(ex);
		}
	}

	@Override
	public void abandoned(SimulatedChannel channel, List<Delivery> unsettled) {
		for (Delivery delivery : unsettled) {
			SimulatedApplication owner = owner(delivery);
			boolean legitimate = this.cutOff || delivery.knownTakenBack || owner == null || owner.isEnding()
					|| owner.isClosed() || (owner.isTransacted() && hasEnded(delivery));
			if (!legitimate) {
				fail("Channel is closed without " + delivery);
			}
		}
	}

	@Override
	public void stored(SimulatedChannel channel, Message message) {
		SimulatedApplication.Published known = this.published.get(message.text());
		if (known != null) {
			known.stored(channel);
		}
	}

	@Override
	public void confirmed(SimulatedChannel channel, String text, boolean ack) {
		SimulatedApplication.Published known = this.published.get(text);
		if (known != null) {
			known.said(ack);
		}
	}

	@Override
	public void io(SimulatedChannel channel) {
		for (VirtualChannel each : this.owners.keySet()) {
			if (each.deliveries().lock().isHeldByCurrentThread()) {
				fail("A broker is talked to with the lock of the deliveries");
			}
		}
	}

	@Override
	public void fail(String text) {
		this.schedule.trace("FAILED: " + text);
		AssertionError error = new AssertionError(text);
		if (this.failure == null) {
			this.failure = error;
		}
		throw this.failure;
	}

	/**
	 * A connection to a simulated broker.
	 */
	final class SimulatedLink implements BrokerLink {

		private final SimulatedConnection simulated;

		private final Set<String> names = new HashSet<>();

		private int asked;

		SimulatedLink(SimulatedConnection simulated) {
			this.simulated = simulated;
		}

		SimulatedConnection simulated() {
			return this.simulated;
		}

		@Override
		public Broker broker() {
			return this.simulated.broker().broker();
		}

		@Override
		public Connection connection() {
			return this.simulated.proxy();
		}

		@Override
		public boolean isOpen() {
			return this.simulated.isUsable();
		}

		/**
		 * Every other time, there is one.
		 */
		@Override
		public Channel takeChannel(int prefetch) {
			this.asked++;
			if (this.asked % 2 == 0) {
				return null;
			}
			try {
				Channel channel = connection().createChannel();
				channel.basicQos(prefetch);
				return channel;
			}
			catch (IOException ex) {
				return null;
			}
		}

		@Override
		public boolean hasQueuesOf(Broker other) {
			return Simulation.this.cluster;
		}

		@Override
		public void delivered(String replyTo) {
			this.names.add(replyTo);
		}

		@Override
		public String routingKey(String exchange, String routingKey) {
			boolean foreign = routingKey.startsWith(Subscription.DIRECT_REPLIES + ".")
					&& !this.names.contains(routingKey);
			return foreign ? NOWHERE : routingKey;
		}

		@Override
		public <T> T pass(ClientOperation operation, String queue, Action<T> action) throws IOException {
			return action.run();
		}

	}

}
