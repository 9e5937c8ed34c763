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
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;

import dev.failover.broker.Broker;
import dev.failover.virtual.SimulatedApplication.Listener;
import dev.failover.virtual.SimulatedBroker.Delivery;
import dev.failover.virtual.SimulatedBroker.Fate;

/**
 * One run of random commands against a simulation, given by seeds: the first one decides
 * what is set up, each other one what is done next.
 */
final class ModelRun {

	private static final int QUEUES = 2;

	private final Simulation simulation;

	private final Schedule schedule;

	private final boolean transacted;

	private final boolean confirming;

	private final boolean channelLimit;

	private final int consumers;

	private final int channels;

	private final int settleAtOnce;

	ModelRun(long seed, boolean tracing) {
		SplittableRandom random = new SplittableRandom(seed);
		this.simulation = new Simulation(2 + random.nextInt(2));
		this.schedule = this.simulation.schedule;
		this.schedule.tracing = tracing;
		this.schedule.random(random);
		this.transacted = random.nextInt(4) == 0;
		this.confirming = !this.transacted && random.nextInt(2) == 0;
		this.channelLimit = random.nextInt(6) == 0;
		this.consumers = random.nextInt(4);
		this.channels = 1 + random.nextInt(2);
		this.settleAtOnce = random.nextInt(100);
		this.simulation.brokers.forEach((broker) -> {
			for (int i = 0; i < QUEUES; i++) {
				broker.declare(Simulation.QUEUE + i);
			}
		});
	}

	/**
	 * Do the given commands.
	 * @return the trace
	 */
	List<String> run(long[] seeds, int count) {
		try {
			start();
			for (int i = 0; i < count; i++) {
				this.schedule.random(new SplittableRandom(seeds[i]));
				command();
				this.simulation.check();
			}
			this.schedule.random(new SplittableRandom(count));
			finish();
		}
		catch (IOException ex) {
			throw new AssertionError(ex);
		}
		return this.schedule.trace();
	}

	List<String> trace() {
		return this.schedule.trace();
	}

	private void start() throws IOException {
		this.simulation.open();
		for (int i = 0; i < this.channels; i++) {
			open();
		}
	}

	private void open() {
		try {
			SimulatedApplication application = this.simulation.channel();
			application.handler = (listener, tag, delivery) -> handle(listener, tag, delivery);
			if (this.transacted) {
				application.txSelect();
			}
			if (this.confirming) {
				application.confirmSelect();
			}
			if (this.channelLimit) {
				application.qos(1 + this.schedule.below(5), true);
			}
			for (int i = 0; i < this.consumers; i++) {
				consume(application);
			}
		}
		catch (IOException | com.rabbitmq.client.ShutdownSignalException ex) {
			this.schedule.trace("no channel: " + ex);
		}
	}

	private void consume(SimulatedApplication application) {
		boolean autoAck = this.schedule.chance(15) && !this.transacted;
		application.consume(queue(), this.schedule.below(4) * 2, autoAck);
	}

	private String queue() {
		return Simulation.QUEUE + this.schedule.below(QUEUES);
	}

	/**
	 * What is open. Who has lost his channel opens another one.
	 */
	private List<SimulatedApplication> applications() throws IOException {
		List<SimulatedApplication> open = open(this.simulation.applications);
		if (!this.simulation.connection.isOpen()) {
			if (this.simulation.brokers.stream().noneMatch((broker) -> broker.up)) {
				return List.of();
			}
			this.simulation.open();
		}
		for (int i = open.size(); i < this.channels; i++) {
			open();
		}
		return open(this.simulation.applications);
	}

	private static List<SimulatedApplication> open(List<SimulatedApplication> all) {
		return all.stream().filter((application) -> !application.isClosed()).toList();
	}

	private void handle(Listener listener, long tag, Delivery delivery) {
		SimulatedApplication application = listener.application();
		if (!application.isFree()) {
			return;
		}
		if (this.schedule.chance(10)) {
			publish(application);
		}
		if (!delivery.autoAck() && this.schedule.chance(this.settleAtOnce)) {
			settle(application, tag);
		}
		if (this.schedule.chance(1) && !this.simulation.isLocked() && listener.isConsuming()) {
			application.cancel(listener);
		}
		if (application.isTransacted() && this.schedule.chance(30) && !this.simulation.isLocked()) {
			endTransaction(application);
		}
	}

	private void settle(SimulatedApplication application, long tag) {
		boolean multiple = this.schedule.chance(30);
		switch (this.schedule.below(10)) {
			case 0 -> application.nack(tag, multiple, true);
			case 1 -> application.nack(tag, multiple, false);
			case 2 -> application.reject(tag, true);
			case 3 -> application.reject(tag, false);
			default -> application.ack(tag, multiple);
		}
	}

	private void settleAny(SimulatedApplication application) {
		if (application.unsettled.isEmpty()) {
			return;
		}
		List<Long> tags = List.copyOf(application.unsettled.keySet());
		if (this.schedule.chance(5)) {
			application.ack(0, true);
		}
		else if (this.schedule.chance(60)) {
			settle(application, this.schedule.any(tags));
		}
		else {
			settle(application, tags.get(0));
		}
	}

	private void publish(SimulatedApplication application) {
		if (!this.simulation.isLocked()) {
			application.publish(queue());
		}
	}

	private void endTransaction(SimulatedApplication application) {
		if (this.schedule.chance(70)) {
			application.commit();
		}
		else {
			application.rollback();
		}
	}

	private void command() throws IOException {
		List<SimulatedApplication> open = applications();
		int kind = this.schedule.below(1000);
		if (kind < 350) {
			for (int i = this.schedule.below(8); i >= 0; i--) {
				this.schedule.step();
			}
		}
		else if (kind < 500) {
			SimulatedBroker broker = this.schedule.any(this.simulation.brokers);
			if (broker.up) {
				for (int i = this.schedule.below(5); i >= 0; i--) {
					broker.put(queue());
				}
			}
		}
		else if (kind < 590) {
			happens(kind - 500);
		}
		else if (!open.isEmpty()) {
			does(this.schedule.any(open), kind - 590);
		}
	}

	/**
	 * What happens to brokers and connections.
	 */
	private void happens(int kind) {
		SimulatedBroker broker = this.schedule.any(this.simulation.brokers);
		if (kind < 40) {
			if (this.schedule.chance(30)) {
				this.schedule.trace("prepare for " + broker);
				this.simulation.connection.prepare(broker.broker());
			}
			else if (broker.up) {
				this.simulation.move(broker);
				this.simulation.connection.prepare(null);
			}
		}
		else if (kind < 46) {
			this.schedule.trace("stop " + broker);
			this.simulation.losses++;
			broker.stop();
		}
		else if (kind < 54) {
			this.simulation.brokers.forEach(SimulatedBroker::start);
		}
		else if (kind < 58) {
			List<SimulatedConnection> connections = this.simulation.connections();
			if (!connections.isEmpty()) {
				SimulatedConnection connection = this.schedule.any(connections);
				this.schedule.trace("sever " + connection);
				this.simulation.losses++;
				connection.sever();
				connection.broker().deliverAll();
			}
		}
		else if (kind < 76) {
			Set<Broker> wanted = new HashSet<>();
			this.simulation.brokers.stream()
				.filter((each) -> this.schedule.chance(40))
				.forEach((each) -> wanted.add(each.broker()));
			this.schedule.trace("beside: " + wanted.stream().map(Broker::name).collect(Collectors.toSet()));
			this.simulation.connection.consumeBeside(wanted);
		}
		else if (kind < 86) {
			if (!this.simulation.later.isEmpty()) {
				this.schedule.now += 10_000_000;
				this.simulation.later.remove(0).run();
			}
		}
		else if (kind < 88) {
			cancelSome();
		}
		else if (!this.simulation.deadlines.isEmpty()) {
			this.schedule.trace("a deadline is over");
			this.simulation.cutOff = true;
			this.simulation.losses++;
			this.simulation.deadlines.remove(0).run();
		}
	}

	private void cancelSome() {
		if (this.channelLimit && this.transacted) {
			// what is rolled back later is held until the channel is closed, and counts
			// within its limit
			return;
		}
		List<SimulatedChannel.BrokerConsumer> all = new ArrayList<>();
		this.simulation.channels().forEach((channel) -> all.addAll(channel.subscribed().values()));
		if (!all.isEmpty()) {
			SimulatedChannel.BrokerConsumer consumer = this.schedule.any(all);
			// what it does not take back counts within the limit of the channel
			consumer.channel().cancelByBroker(consumer, this.channelLimit || this.schedule.chance(50));
		}
	}

	/**
	 * What an application does.
	 */
	private void does(SimulatedApplication application, int kind) {
		if (kind < 240) {
			settleAny(application);
		}
		else if (kind < 250) {
			application.forgetLost();
			if (!application.stale.isEmpty()) {
				long tag = this.schedule.any(List.copyOf(application.stale.keySet()));
				settle(application, tag);
			}
		}
		else if (kind < 310) {
			publish(application);
		}
		else if (kind < 340) {
			application.get(queue(), this.schedule.chance(30));
		}
		else if (kind < 345) {
			consume(application);
		}
		else if (kind < 353) {
			List<Listener> consuming = application.listeners.stream().filter(Listener::isConsuming).toList();
			if (!consuming.isEmpty()) {
				application.cancel(this.schedule.any(consuming));
			}
		}
		else if (kind < 356) {
			if (application.listeners.stream()
				.noneMatch((listener) -> listener.isCancelled() && listener.cancelOk() == 0)) {
				application.recover();
			}
		}
		else if (kind < 400) {
			if (application.isTransacted()) {
				endTransaction(application);
			}
		}
		else if (kind < 402) {
			closeOrMistake(application);
		}
	}

	private void closeOrMistake(SimulatedApplication application) {
		if (this.schedule.chance(20) && !application.knowsLast()) {
			application.ackUnknown();
		}
		else {
			this.simulation.rest();
			if (!application.isClosed()) {
				this.schedule.now += 1_000_000_000;
				application.close();
			}
		}
	}

	// The end

	/**
	 * Whoever settles everything gets everything.
	 */
	private void finish() throws IOException {
		this.schedule.trace("the end");
		this.simulation.brokers.forEach(SimulatedBroker::start);
		this.simulation.connection.prepare(null);
		this.simulation.connection.consumeBeside(Set.of());
		this.simulation.settleDown();
		for (SimulatedBroker broker : this.simulation.brokers) {
			this.simulation.move(broker);
			this.simulation.settleDown();
			for (int i = 0; i < 1000 && isLeft(broker); i++) {
				if (i % 40 == 0) {
					consumeAll();
				}
				settleAll();
				this.simulation.settleDown();
			}
			checkEmpty(broker);
		}
		checkAtRest();
	}

	private boolean isLeft(SimulatedBroker broker) {
		return isFilled(broker) || this.simulation.applications.stream()
			.anyMatch((application) -> !application.isClosed()
					&& (!application.unsettled.isEmpty() || application.isInTransaction()));
	}

	private static boolean isFilled(SimulatedBroker broker) {
		for (int i = 0; i < QUEUES; i++) {
			if (!broker.queue(Simulation.QUEUE + i).ready.isEmpty()) {
				return true;
			}
		}
		return false;
	}

	private void consumeAll() throws IOException {
		for (int i = 0; i < QUEUES; i++) {
			List<SimulatedApplication> all = applications();
			if (all.isEmpty()) {
				return;
			}
			SimulatedApplication application = all.get(0);
			String queue = Simulation.QUEUE + i;
			boolean consumed = this.simulation.channels()
				.stream()
				.flatMap((channel) -> channel.subscribed().values().stream())
				.anyMatch((consumer) -> consumer.queue().name().equals(queue)
						&& consumer.channel().broker() == this.simulation.active);
			if (!consumed) {
				application.consume(queue, 3, false);
				this.simulation.rest();
			}
		}
	}

	private void settleAll() {
		for (SimulatedApplication application : open(this.simulation.applications)) {
			while (!application.unsettled.isEmpty() && !application.isClosed()) {
				application.ack(application.unsettled.firstKey(), false);
			}
			if (application.isInTransaction() && !application.isClosed()) {
				application.commit();
			}
		}
	}

	private void checkEmpty(SimulatedBroker broker) {
		if (isFilled(broker)) {
			this.simulation.fail("Messages do not come from " + broker);
		}
	}

	private void checkAtRest() {
		this.simulation.deliveries.values().forEach(this::check);
		for (SimulatedApplication application : this.simulation.applications) {
			if (application.unconfirmed() > 0 && !application.isClosed()) {
				this.simulation.fail("Never confirmed: %d".formatted(application.unconfirmed()));
			}
			if (application.isClosed() && application.signal == null) {
				this.simulation.fail("The end of the channel is not told");
			}
			application.listeners.forEach((listener) -> check(application, listener));
		}
		for (SimulatedConnection connection : this.simulation.connections()) {
			boolean kept = connection.channels.stream().anyMatch(this::isKept);
			if (connection.broker() != this.simulation.active && !kept) {
				this.simulation
					.fail("Connection to %s is not closed: %s".formatted(connection.broker(), connection.channels));
			}
		}
		long expected = open(this.simulation.applications).size();
		if (this.simulation.channels().stream().filter((channel) -> !isKept(channel)).count() > expected) {
			this.simulation.fail("%d channels instead of %d at most: %s".formatted(this.simulation.channels().size(),
					expected, this.simulation.channels()));
		}
	}

	/**
	 * Whether a channel has deliveries for a consumer that has ended, which go back with
	 * it: in a transaction they cannot before.
	 */
	private boolean isKept(SimulatedChannel channel) {
		return this.transacted && channel.unacked().values().stream().anyMatch(Simulation::hasEnded);
	}

	private void check(SimulatedApplication application, Listener listener) {
		if (listener.isCancelled() && !application.isClosed() && listener.cancelledByBroker() == 0
				&& listener.cancelOk() != 1) {
			this.simulation.fail("No cancel-ok for " + listener.tag);
		}
		if (application.isClosed() && !application.isEnding() && !listener.isCancelled() && listener.shutdown() != 1) {
			this.simulation.fail("The end of the channel is not told to " + listener.tag);
		}
	}

	private void check(Delivery delivery) {
		SimulatedApplication owner = this.simulation.owner(delivery);
		boolean wanted = owner != null && !owner.isClosed() && !Simulation.hasEnded(delivery);
		if (delivery.autoAck() && delivery.dispatched && delivery.handed != 1 && wanted) {
			this.simulation.fail("Not handed on: " + delivery);
		}
		boolean goesWithChannel = this.transacted && Simulation.hasEnded(delivery);
		if (delivery.knownTakenBack || goesWithChannel) {
			return;
		}
		if (delivery.fate == Fate.OPEN) {
			this.simulation.fail("Never settled: " + delivery);
		}
		if (delivery.meant != null && delivery.fate != delivery.meant && delivery.fate != Fate.LOST
				&& delivery.fate != Fate.TAKEN_BACK) {
			this.simulation.fail("Not settled as it was meant: " + delivery);
		}
	}

}
