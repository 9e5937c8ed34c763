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

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;

import dev.failover.broker.Broker;
import dev.failover.broker.TestBrokers;

/**
 * A model of a broker: queues in memory, and connections to them. It is as strict as
 * RabbitMQ, or more, with what it is told.
 */
final class SimulatedBroker {

	private final Broker broker;

	private final Schedule schedule;

	private final Judge judge;

	private final AtomicLong ids;

	private final Map<String, Queue> queues = new LinkedHashMap<>();

	final List<SimulatedConnection> connections = new ArrayList<>();

	private long names;

	boolean up = true;

	/**
	 * Whether it confirms what was published.
	 */
	boolean confirming = true;

	SimulatedBroker(String name, Schedule schedule, Judge judge, AtomicLong ids) {
		this.broker = TestBrokers.broker(name);
		this.schedule = schedule;
		this.judge = judge;
		this.ids = ids;
	}

	Broker broker() {
		return this.broker;
	}

	String name() {
		return this.broker.name();
	}

	Schedule schedule() {
		return this.schedule;
	}

	Judge judge() {
		return this.judge;
	}

	Queue queue(String name) {
		return this.queues.get(name);
	}

	Queue declare(String name) {
		String known = name.isEmpty() ? "amq.gen-%s-%d".formatted(name(), ++this.names) : name;
		return this.queues.computeIfAbsent(known, Queue::new);
	}

	void delete(String name) {
		Queue queue = this.queues.remove(name);
		if (queue != null) {
			queue.ready.clear();
			List.copyOf(queue.consumers).forEach((consumer) -> consumer.channel().cancelByBroker(consumer, false));
		}
	}

	long nextId() {
		return this.ids.incrementAndGet();
	}

	long nextName() {
		return ++this.names;
	}

	String consumerTag() {
		return "amq.ctag-%s-%d".formatted(name(), ++this.names);
	}

	/**
	 * Be a node of the cluster of another one.
	 */
	void share(SimulatedBroker other) {
		this.queues.putAll(other.queues);
	}

	/**
	 * A request from elsewhere.
	 */
	void request(String queue, String replyTo) {
		Message message = new Message(this.ids.incrementAndGet(), queue, null);
		message.replyTo = replyTo;
		store(message);
	}

	/**
	 * A message from elsewhere.
	 */
	Message put(String queue) {
		Message message = new Message(this.ids.incrementAndGet(), queue, null);
		store(message);
		return message;
	}

	boolean store(Message message) {
		Queue queue = this.queues.get(message.queue());
		if (queue == null) {
			return false;
		}
		queue.ready.put(message.id(), message);
		deliver(queue);
		return true;
	}

	Message message(String queue, String text) {
		return new Message(this.ids.incrementAndGet(), queue, text);
	}

	void giveBack(Delivery delivery) {
		Queue queue = this.queues.get(delivery.message().queue());
		if (queue != null) {
			delivery.message().redelivered = true;
			queue.ready.put(delivery.message().id(), delivery.message());
		}
	}

	void deliverAll() {
		this.queues.values().forEach(this::deliver);
	}

	void deliver(Queue queue) {
		while (!queue.ready.isEmpty()) {
			List<SimulatedChannel.BrokerConsumer> free = queue.consumers.stream()
				.filter((consumer) -> consumer.channel().mayDeliver(consumer))
				.toList();
			if (free.isEmpty()) {
				return;
			}
			Message message = queue.ready.pollFirstEntry().getValue();
			SimulatedChannel.BrokerConsumer consumer = this.schedule.any(free);
			consumer.channel().deliver(consumer, message);
		}
	}

	/**
	 * Lose all connections.
	 */
	void stop() {
		this.up = false;
		List.copyOf(this.connections).forEach(SimulatedConnection::sever);
	}

	void start() {
		this.up = true;
	}

	@Override
	public String toString() {
		return name();
	}

	/**
	 * A queue, in the order of its messages.
	 */
	static final class Queue {

		private final String name;

		final TreeMap<Long, Message> ready = new TreeMap<>();

		final List<SimulatedChannel.BrokerConsumer> consumers = new ArrayList<>();

		Queue(String name) {
			this.name = name;
		}

		String name() {
			return this.name;
		}

	}

	/**
	 * A message.
	 */
	static final class Message {

		private final long id;

		private final String queue;

		private final String text;

		boolean redelivered;

		String replyTo;

		Message(long id, String queue, String text) {
			this.id = id;
			this.queue = queue;
			this.text = text;
		}

		long id() {
			return this.id;
		}

		String queue() {
			return this.queue;
		}

		/**
		 * What a publisher calls it.
		 */
		String text() {
			return this.text;
		}

	}

	/**
	 * One delivery of a message.
	 */
	static final class Delivery {

		private final long id;

		private final Message message;

		private final SimulatedChannel channel;

		private final SimulatedChannel.BrokerConsumer consumer;

		private final long tag;

		private final boolean autoAck;

		/**
		 * What the broker has been told of it, or has done with it itself.
		 */
		Fate fate = Fate.OPEN;

		/**
		 * What the application has decided.
		 */
		Fate meant;

		/**
		 * Whether the client has given it to the consumer of the channel.
		 */
		boolean dispatched;

		/**
		 * Whether the client knows that the broker has cancelled its consumer, and may
		 * have taken it back.
		 */
		boolean knownTakenBack;

		/**
		 * Whether it was being settled when the application came to know that.
		 */
		boolean onItsWay;

		int handed;

		Delivery(long id, Message message, SimulatedChannel channel, SimulatedChannel.BrokerConsumer consumer, long tag,
				boolean autoAck) {
			this.id = id;
			this.message = message;
			this.channel = channel;
			this.consumer = consumer;
			this.tag = tag;
			this.autoAck = autoAck;
		}

		long id() {
			return this.id;
		}

		Message message() {
			return this.message;
		}

		SimulatedChannel channel() {
			return this.channel;
		}

		SimulatedChannel.BrokerConsumer consumer() {
			return this.consumer;
		}

		long tag() {
			return this.tag;
		}

		boolean autoAck() {
			return this.autoAck;
		}

		@Override
		public String toString() {
			return "delivery %d (message %d, tag %d of %s, %s, meant %s, handed on %d)".formatted(this.id,
					this.message.id(), this.tag, this.channel, this.fate, this.meant, this.handed);
		}

	}

	/**
	 * What becomes of a delivery.
	 */
	enum Fate {

		OPEN, ACKED, REQUEUED, DISCARDED, RECOVERED, TAKEN_BACK, LOST

	}

	/**
	 * Knows what may happen.
	 */
	interface Judge {

		void delivered(Delivery delivery);

		/**
		 * A broker is told of a delivery.
		 */
		void settled(Delivery delivery, Fate fate);

		/**
		 * A client closes a channel with unsettled deliveries.
		 */
		void abandoned(SimulatedChannel channel, List<Delivery> unsettled);

		/**
		 * A broker has taken a message.
		 */
		void stored(SimulatedChannel channel, Message message);

		/**
		 * A broker confirms or rejects a message.
		 */
		void confirmed(SimulatedChannel channel, String text, boolean ack);

		/**
		 * A client talks to a broker: holding no lock that it must not hold.
		 */
		void io(SimulatedChannel channel);

		void fail(String text);

	}

}
