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
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.ConfirmCallback;
import com.rabbitmq.client.Consumer;
import com.rabbitmq.client.Envelope;
import com.rabbitmq.client.GetResponse;
import com.rabbitmq.client.ReturnListener;
import com.rabbitmq.client.ShutdownListener;
import com.rabbitmq.client.ShutdownSignalException;

import dev.failover.virtual.SimulatedBroker.Delivery;
import dev.failover.virtual.SimulatedBroker.Fate;
import dev.failover.virtual.SimulatedBroker.Message;
import dev.failover.virtual.SimulatedBroker.Queue;

/**
 * A channel to a simulated broker, on both sides of the network.
 */
final class SimulatedChannel implements InvocationHandler {

	private static final Object NONE = new Object();

	private final SimulatedConnection connection;

	private final SimulatedBroker broker;

	private final Schedule schedule;

	private final int number;

	private final Channel proxy;

	// the side of the client

	private final Map<String, Consumer> consumers = new HashMap<>();

	private final Deque<Runnable> work = new ArrayDeque<>();

	private final List<ShutdownListener> shutdownListeners = new CopyOnWriteArrayList<>();

	private final List<ReturnListener> returnListeners = new ArrayList<>();

	private final List<ConfirmCallback[]> confirmListeners = new ArrayList<>();

	private Consumer defaultConsumer;

	private ShutdownSignalException reason;

	private boolean closing;

	private boolean dispatching;

	private long nextNumber;

	/**
	 * Whether those who listen know that the channel is closed.
	 */
	boolean told;

	// the side of the broker

	private final NavigableMap<Long, Delivery> unacked = new TreeMap<>();

	private final Map<Long, Delivery> takenBack = new HashMap<>();

	private final Map<String, BrokerConsumer> subscribed = new HashMap<>();

	private final Set<String> cancelled = new HashSet<>();

	private final NavigableMap<Long, String> unconfirmed = new TreeMap<>();

	private final List<Runnable> transaction = new ArrayList<>();

	private final List<Delivery> inTransaction = new ArrayList<>();

	private int prefetch;

	private int limit;

	private int consumed;

	private long lastTag;

	private long published;

	private boolean confirming;

	private boolean transacted;

	private boolean opened;

	private boolean openAtBroker;

	SimulatedChannel(SimulatedConnection connection, int number) {
		this.connection = connection;
		this.broker = connection.broker();
		this.schedule = this.broker.schedule();
		this.number = number;
		this.proxy = (Channel) Proxy.newProxyInstance(Channel.class.getClassLoader(), new Class<?>[] { Channel.class },
				this);
		this.schedule.actor(() -> !this.dispatching && !this.work.isEmpty(), () -> !isOpen() && this.work.isEmpty(),
				this::dispatch);
		this.schedule.actor(() -> !this.unconfirmed.isEmpty() && this.openAtBroker && this.broker.confirming,
				() -> this.opened && !isOpen(), this::confirmSome);
	}

	Channel proxy() {
		return this.proxy;
	}

	SimulatedConnection connection() {
		return this.connection;
	}

	SimulatedBroker broker() {
		return this.broker;
	}

	boolean isOpen() {
		return this.reason == null && this.connection.isOpen();
	}

	boolean isOver() {
		return this.reason != null && !this.closing;
	}

	ShutdownSignalException reason() {
		return this.reason;
	}

	boolean isNew() {
		return !this.opened;
	}

	boolean isOpenAtBroker() {
		return this.openAtBroker;
	}

	void openAtBroker() {
		this.opened = true;
		this.openAtBroker = true;
	}

	NavigableMap<Long, Delivery> unacked() {
		return this.unacked;
	}

	Map<String, BrokerConsumer> subscribed() {
		return this.subscribed;
	}

	int unconfirmed() {
		return this.unconfirmed.size();
	}

	@Override
	public Object invoke(Object self, Method method, Object[] args) throws Throwable {
		Object result = asked(method.getName(), args);
		if (result == NONE) {
			result = told(method.getName(), args);
		}
		if (result == NONE) {
			throw new UnsupportedOperationException(method.toString());
		}
		return result;
	}

	private Object asked(String method, Object[] args) {
		switch (method) {
			case "isOpen":
				return isOpen();
			case "getCloseReason":
				return this.reason;
			case "getChannelNumber":
				return this.number;
			case "getConnection":
				return this.connection.proxy();
			case "getNextPublishSeqNo":
				return this.nextNumber;
			case "hashCode":
				return System.identityHashCode(this);
			case "equals":
				return args[0] == this.proxy;
			case "toString":
				return toString();
			case "addConfirmListener":
				this.confirmListeners
					.add(new ConfirmCallback[] { (ConfirmCallback) args[0], (ConfirmCallback) args[1] });
				return null;
			case "addReturnListener":
				this.returnListeners.add((ReturnListener) args[0]);
				return null;
			case "setDefaultConsumer":
				this.defaultConsumer = (Consumer) args[0];
				return null;
			case "addShutdownListener":
				this.shutdownListeners.add((ShutdownListener) args[0]);
				if (this.reason != null) {
					((ShutdownListener) args[0]).shutdownCompleted(this.reason);
				}
				return null;
			default:
				return NONE;
		}
	}

	private Object told(String method, Object[] args) throws IOException {
		switch (method) {
			case "abort":
				if (isOpen()) {
					close(200, "OK");
				}
				return null;
			case "close":
				requireOpen();
				close((args != null) ? (int) args[0] : 200, (args != null) ? (String) args[1] : "OK");
				return null;
			case "basicAck":
				return settle((long) args[0], (boolean) args[1], Fate.ACKED);
			case "basicNack":
				return settle((long) args[0], (boolean) args[1], ((boolean) args[2]) ? Fate.REQUEUED : Fate.DISCARDED);
			case "basicReject":
				return settle((long) args[0], false, ((boolean) args[1]) ? Fate.REQUEUED : Fate.DISCARDED);
			case "basicPublish":
				return publish((String) args[1], (boolean) args[2], (AMQP.BasicProperties) args[args.length - 2],
						(byte[]) args[args.length - 1]);
			case "asyncRpc":
				return tell(() -> {
					AMQP.Basic.Cancel cancel = (AMQP.Basic.Cancel) args[0];
					this.cancelled.add(cancel.getConsumerTag());
				});
			default:
				requireOpen();
				return call(method, args);
		}
	}

	private Object tell(Runnable action) throws IOException {
		this.connection.tell(this, action);
		return null;
	}

	private Object call(String method, Object[] args) throws IOException {
		switch (method) {
			case "basicQos":
				return round(() -> qos(args));
			case "confirmSelect":
				this.nextNumber = (this.nextNumber == 0) ? 1 : this.nextNumber;
				return round(() -> this.confirming = true);
			case "txSelect":
				return round(() -> this.transacted = true);
			case "txCommit":
				return round(this::commit);
			case "txRollback":
				return round(this::rollback);
			case "basicRecover":
				return this.connection.call(this, this::recover);
			case "basicConsume":
				return this.connection.call(this, () -> consume(args));
			case "basicCancel":
				return cancel((String) args[0]);
			case "basicGet":
				return this.connection.call(this, () -> get((String) args[0], (boolean) args[1]));
			case "queueDeclare":
				return this.connection.call(this, () -> {
					Queue queue = this.broker.declare((args != null) ? (String) args[0] : "");
					return () -> declareOk(queue);
				});
			case "queueDeclarePassive":
				return this.connection.call(this, () -> {
					Queue queue = this.broker.queue((String) args[0]);
					return (queue != null) ? () -> declareOk(queue)
							: refuse(404, "NOT_FOUND - no queue '%s'".formatted(args[0]));
				});
			case "queueDelete":
				return this.connection.call(this, () -> {
					this.broker.delete((String) args[0]);
					return () -> null;
				});
			case "queueBind":
				return round(() -> {
				});
			default:
				return NONE;
		}
	}

	private Object round(Runnable action) throws IOException {
		return this.connection.call(this, () -> {
			action.run();
			return () -> null;
		});
	}

	private static AMQP.Queue.DeclareOk declareOk(Queue queue) {
		return new AMQP.Queue.DeclareOk.Builder().queue(queue.name())
			.messageCount(queue.ready.size())
			.consumerCount(queue.consumers.size())
			.build();
	}

	private void qos(Object[] args) {
		int count = (int) args[(args.length == 3) ? 1 : 0];
		if (args.length > 1 && (boolean) args[args.length - 1]) {
			this.limit = count;
			this.broker.deliverAll();
		}
		else {
			this.prefetch = count;
		}
	}

	void requireOpen() {
		if (!isOpen()) {
			throw new AlreadyClosedException(this.reason);
		}
	}

	// Consuming

	private SimulatedConnection.Answer consume(Object[] args) {
		Queue queue = this.broker.queue((String) args[0]);
		if (queue == null) {
			return refuse(404, "NOT_FOUND - no queue '%s' in vhost '/'".formatted(args[0]));
		}
		boolean exclusive = (boolean) args[4];
		if (queue.consumers.stream().anyMatch((consumer) -> exclusive || consumer.exclusive())) {
			return refuse(403, "ACCESS_REFUSED - queue '%s' in vhost '/' in exclusive use".formatted(args[0]));
		}
		String given = (String) args[2];
		String tag = given.isEmpty() ? this.broker.consumerTag() : given;
		if (this.subscribed.containsKey(tag)) {
			this.broker.judge().fail("Consumer tag '%s' is in use on %s".formatted(tag, this));
		}
		BrokerConsumer consumer = new BrokerConsumer(this, tag, queue, (boolean) args[1], exclusive, this.prefetch,
				(Consumer) args[6]);
		this.subscribed.put(tag, consumer);
		queue.consumers.add(consumer);
		this.schedule.trace("%s: consumer %s of %s".formatted(this, tag, queue.name()));
		// the answer comes before the deliveries
		this.pending = () -> this.broker.deliver(queue);
		return () -> {
			this.consumers.put(tag, consumer.callback());
			this.work.add(() -> consumer.callback().handleConsumeOk(tag));
			return tag;
		};
	}

	private Runnable pending = () -> {
	};

	void afterAnswer() {
		Runnable next = this.pending;
		this.pending = () -> {
		};
		next.run();
	}

	boolean mayDeliver(BrokerConsumer consumer) {
		boolean credit = consumer.autoAck() || consumer.prefetch() == 0 || consumer.unacked < consumer.prefetch();
		return this.openAtBroker && credit && (consumer.autoAck() || this.limit == 0 || this.consumed < this.limit);
	}

	void deliver(BrokerConsumer consumer, Message message) {
		Delivery delivery = delivery(message, consumer, consumer.autoAck());
		if (!consumer.autoAck()) {
			consumer.unacked++;
			this.consumed++;
		}
		this.connection.send(this, () -> {
			Consumer known = this.consumers.get(consumer.tag());
			Consumer callback = (known != null) ? known : this.defaultConsumer;
			if (callback == null) {
				this.broker.judge().fail("%s for nobody".formatted(delivery));
			}
			this.work.add(() -> {
				try {
					delivery.dispatched = true;
					callback.handleDelivery(consumer.tag(), envelope(delivery), properties(delivery), body(delivery));
				}
				catch (IOException ex) {
					throw new IllegalStateException(ex);
				}
			});
		});
	}

	private Delivery delivery(Message message, BrokerConsumer consumer, boolean autoAck) {
		Delivery delivery = new Delivery(this.broker.nextId(), message, this, consumer, ++this.lastTag, autoAck);
		this.broker.judge().delivered(delivery);
		if (!autoAck) {
			this.unacked.put(delivery.tag(), delivery);
		}
		else {
			delivery.fate = Fate.ACKED;
		}
		this.schedule.trace("%s: delivers %s".formatted(this, delivery));
		return delivery;
	}

	private static Envelope envelope(Delivery delivery) {
		return new Envelope(delivery.tag(), delivery.message().redelivered, "", delivery.message().queue());
	}

	private static AMQP.BasicProperties properties(Delivery delivery) {
		return new AMQP.BasicProperties.Builder().messageId(String.valueOf(delivery.id()))
			.replyTo(delivery.message().replyTo)
			.build();
	}

	private static byte[] body(Delivery delivery) {
		return String.valueOf(delivery.message().id()).getBytes(StandardCharsets.UTF_8);
	}

	private void dispatch() {
		this.dispatching = true;
		try {
			this.work.poll().run();
		}
		finally {
			this.dispatching = false;
		}
	}

	private SimulatedConnection.Answer get(String name, boolean autoAck) {
		Queue queue = this.broker.queue(name);
		if (queue == null) {
			return refuse(404, "NOT_FOUND - no queue '%s' in vhost '/'".formatted(name));
		}
		if (queue.ready.isEmpty()) {
			return () -> null;
		}
		Delivery delivery = delivery(queue.ready.pollFirstEntry().getValue(), null, autoAck);
		int count = queue.ready.size();
		return () -> {
			delivery.dispatched = true;
			return new GetResponse(envelope(delivery), properties(delivery), body(delivery), count);
		};
	}

	private Object cancel(String tag) throws IOException {
		if (!this.consumers.containsKey(tag)) {
			return null;
		}
		return this.connection.call(this, () -> {
			BrokerConsumer consumer = this.subscribed.remove(tag);
			if (consumer != null) {
				consumer.queue().consumers.remove(consumer);
			}
			return () -> {
				Consumer callback = this.consumers.remove(tag);
				if (callback != null) {
					this.work.add(() -> callback.handleCancelOk(tag));
				}
				return null;
			};
		});
	}

	/**
	 * Whether the client has a consumer that it has not cancelled.
	 */
	boolean hasConsumer(String tag) {
		return this.consumers.containsKey(tag);
	}

	/**
	 * The broker ends a consumer.
	 */
	void cancelByBroker(BrokerConsumer consumer, boolean takeBack) {
		this.subscribed.remove(consumer.tag());
		consumer.queue().consumers.remove(consumer);
		List<Delivery> back = takeBack
				? this.unacked.values().stream().filter((delivery) -> delivery.consumer() == consumer).toList()
				: List.of();
		back.forEach((delivery) -> {
			this.unacked.remove(delivery.tag());
			this.takenBack.put(delivery.tag(), delivery);
			ended(delivery, Fate.TAKEN_BACK);
			this.broker.giveBack(delivery);
		});
		this.schedule.trace("%s: cancels %s, takes back %s".formatted(this, consumer.tag(), back));
		this.connection.send(this, () -> {
			Consumer callback = this.consumers.remove(consumer.tag());
			if (callback != null) {
				this.work.add(() -> {
					try {
						callback.handleCancel(consumer.tag());
						Stream.concat(back.stream(), this.unacked.values().stream())
							.filter((delivery) -> delivery.consumer() == consumer)
							.forEach((delivery) -> {
								delivery.knownTakenBack = true;
								delivery.onItsWay = delivery.meant != null;
							});
						this.inTransaction.stream()
							.filter((delivery) -> delivery.consumer() == consumer)
							.forEach((delivery) -> delivery.knownTakenBack = true);
					}
					catch (IOException ex) {
						throw new IllegalStateException(ex);
					}
				});
			}
		});
		this.broker.deliverAll();
	}

	// Settling

	private Object settle(long tag, boolean multiple, Fate fate) throws IOException {
		Delivery taken = this.takenBack.get(tag);
		boolean known = taken != null && taken.knownTakenBack && !taken.onItsWay;
		return tell(() -> settle(tag, multiple, fate, known));
	}

	private void settle(long tag, boolean multiple, Fate fate, boolean known) {
		this.schedule.trace("%s: %s %d%s".formatted(this, fate, tag, multiple ? " and before" : ""));
		Delivery taken = this.takenBack.get(tag);
		if (taken != null) {
			boolean allowed = !known || (fate == Fate.REQUEUED && this.cancelled.contains(taken.consumer().tag()));
			if (!allowed) {
				this.broker.judge().fail("Settled after the broker has taken it back: " + taken);
			}
			if (!multiple) {
				return;
			}
		}
		else if (tag != 0 && !this.unacked.containsKey(tag)) {
			if (tag != Long.MAX_VALUE) {
				this.broker.judge().fail("Unknown delivery tag %d on %s".formatted(tag, this));
			}
			refuse(406, "PRECONDITION_FAILED - unknown delivery tag " + tag);
			return;
		}
		List<Delivery> meant = multiple
				? List.copyOf(((tag == 0) ? this.unacked : this.unacked.headMap(tag, true)).values())
				: List.of(this.unacked.get(tag));
		meant.forEach((delivery) -> {
			this.unacked.remove(delivery.tag());
			if (this.transacted) {
				this.inTransaction.add(delivery);
				this.transaction.add(() -> apply(delivery, fate));
			}
			else {
				apply(delivery, fate);
			}
		});
		if (!this.transacted) {
			this.broker.deliverAll();
		}
	}

	private void apply(Delivery delivery, Fate fate) {
		this.broker.judge().settled(delivery, fate);
		ended(delivery, fate);
		if (fate == Fate.REQUEUED) {
			this.broker.giveBack(delivery);
		}
	}

	private void ended(Delivery delivery, Fate fate) {
		delivery.fate = fate;
		if (delivery.consumer() != null) {
			delivery.consumer().unacked--;
			this.consumed--;
		}
	}

	private SimulatedConnection.Answer recover() {
		List<Delivery> all = List.copyOf(this.unacked.values());
		this.unacked.clear();
		all.forEach((delivery) -> {
			ended(delivery, Fate.RECOVERED);
			this.broker.giveBack(delivery);
		});
		this.schedule.trace("%s: recovers %s".formatted(this, all));
		this.pending = this.broker::deliverAll;
		return () -> {
			this.consumers.forEach((tag, callback) -> this.work.add(() -> callback.handleRecoverOk(tag)));
			return null;
		};
	}

	// Publishing

	private Object publish(String key, boolean mandatory, AMQP.BasicProperties properties, byte[] body)
			throws IOException {
		requireOpen();
		if (this.nextNumber > 0) {
			this.nextNumber++;
		}
		String text = new String(body, StandardCharsets.UTF_8);
		return tell(() -> {
			this.schedule.trace("%s: publish %s".formatted(this, text));
			Message message = this.broker.message(key, text);
			message.replyTo = (properties != null) ? properties.getReplyTo() : null;
			Runnable store = () -> {
				boolean stored = this.broker.store(message);
				this.broker.judge().stored(this, message);
				if (!stored && mandatory) {
					this.connection.send(this, () -> giveReturn(key, properties, body));
				}
			};
			if (this.transacted) {
				this.transaction.add(store);
			}
			else {
				store.run();
			}
			if (this.confirming) {
				this.unconfirmed.put(++this.published, text);
			}
		});
	}

	private void giveReturn(String key, AMQP.BasicProperties properties, byte[] body) {
		for (ReturnListener listener : this.returnListeners) {
			try {
				listener.handleReturn(312, "NO_ROUTE", "", key, properties, body);
			}
			catch (IOException ex) {
				throw new IllegalStateException(ex);
			}
		}
	}

	private void confirmSome() {
		boolean ack = this.schedule.chance(90);
		List<Long> numbers = List.copyOf(this.unconfirmed.keySet());
		confirm(this.schedule.any(numbers), this.schedule.chance(50), ack);
	}

	void confirm(long number, boolean multiple, boolean ack) {
		this.schedule.trace("%s: confirms %d%s %s".formatted(this, number, multiple ? " and before" : "", ack));
		Map<Long, String> meant = multiple ? this.unconfirmed.headMap(number, true)
				: this.unconfirmed.subMap(number, true, number, true);
		meant.values().forEach((text) -> this.broker.judge().confirmed(this, text, ack));
		meant.clear();
		this.connection.send(this, () -> {
			for (ConfirmCallback[] listener : this.confirmListeners) {
				try {
					listener[ack ? 0 : 1].handle(number, multiple);
				}
				catch (IOException ex) {
					throw new IllegalStateException(ex);
				}
			}
		});
	}

	// Transactions

	private void commit() {
		this.schedule.trace("%s: commit".formatted(this));
		List<Runnable> all = List.copyOf(this.transaction);
		this.transaction.clear();
		this.inTransaction.clear();
		all.forEach(Runnable::run);
		this.pending = this.broker::deliverAll;
	}

	private void rollback() {
		this.schedule.trace("%s: rollback".formatted(this));
		this.transaction.clear();
		this.inTransaction.forEach((delivery) -> this.unacked.put(delivery.tag(), delivery));
		this.inTransaction.clear();
	}

	// The end

	/**
	 * The broker closes the channel.
	 * @return no answer
	 */
	SimulatedConnection.Answer refuse(int code, String text) {
		this.schedule.trace("%s: closed with %d %s".formatted(this, code, text));
		lostAtBroker();
		this.connection.answer(this, () -> shutdown(new ShutdownSignalException(false, false,
				new AMQP.Channel.Close.Builder().replyCode(code).replyText(text).build(), this.proxy)));
		this.broker.deliverAll();
		return null;
	}

	/**
	 * Everything unsettled goes back.
	 */
	void lostAtBroker() {
		if (!this.openAtBroker) {
			return;
		}
		this.openAtBroker = false;
		List.copyOf(this.subscribed.values()).forEach((consumer) -> consumer.queue().consumers.remove(consumer));
		this.subscribed.clear();
		rollback();
		List<Delivery> all = List.copyOf(this.unacked.values());
		this.unacked.clear();
		this.unconfirmed.clear();
		all.forEach((delivery) -> {
			ended(delivery, Fate.LOST);
			this.broker.giveBack(delivery);
		});
	}

	void abandonedAtBroker() {
		if (this.openAtBroker) {
			List<Delivery> unsettled = new ArrayList<>(this.unacked.values());
			unsettled.addAll(this.inTransaction);
			this.schedule.trace("%s: closed by client with %s".formatted(this, unsettled));
			this.broker.judge().abandoned(this, unsettled);
			lostAtBroker();
		}
	}

	private void close(int code, String text) throws IOException {
		ShutdownSignalException signal = new ShutdownSignalException(false, true,
				new AMQP.Channel.Close.Builder().replyCode(code).replyText(text).build(), this.proxy);
		this.reason = signal;
		this.closing = true;
		try {
			this.connection.call(this, () -> {
				abandonedAtBroker();
				this.pending = this.broker::deliverAll;
				return () -> null;
			});
		}
		catch (AlreadyClosedException | IOException ex) {
			this.schedule.trace("%s: closed while it was being closed".formatted(this));
		}
		finally {
			this.closing = false;
			this.connection.channels.remove(this);
			notifyListeners();
		}
	}

	void shutdown(ShutdownSignalException signal) {
		if (this.closing) {
			this.closing = false;
			return;
		}
		if (this.reason != null) {
			return;
		}
		this.reason = signal;
		this.connection.channels.remove(this);
		if (this.schedule.chance(30)) {
			this.work.clear();
		}
		notifyListeners();
	}

	private void notifyListeners() {
		this.schedule
			.still(() -> this.shutdownListeners.forEach((listener) -> listener.shutdownCompleted(this.reason)));
		this.told = true;
	}

	@Override
	public String toString() {
		return "%s.%d".formatted(this.connection, this.number);
	}

	/**
	 * What the broker knows of a consumer.
	 */
	static final class BrokerConsumer {

		private final SimulatedChannel channel;

		private final String tag;

		private final Queue queue;

		private final boolean autoAck;

		private final boolean exclusive;

		private final int prefetch;

		private final Consumer callback;

		int unacked;

		BrokerConsumer(SimulatedChannel channel, String tag, Queue queue, boolean autoAck, boolean exclusive,
				int prefetch, Consumer callback) {
			this.channel = channel;
			this.tag = tag;
			this.queue = queue;
			this.autoAck = autoAck;
			this.exclusive = exclusive;
			this.prefetch = prefetch;
			this.callback = callback;
		}

		SimulatedChannel channel() {
			return this.channel;
		}

		String tag() {
			return this.tag;
		}

		Queue queue() {
			return this.queue;
		}

		boolean autoAck() {
			return this.autoAck;
		}

		boolean exclusive() {
			return this.exclusive;
		}

		int prefetch() {
			return this.prefetch;
		}

		Consumer callback() {
			return this.callback;
		}

	}

}
