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
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Envelope;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import dev.failover.virtual.SimulatedApplication.Listener;
import dev.failover.virtual.SimulatedBroker.Delivery;
import dev.failover.virtual.SimulatedBroker.Fate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.entry;

/**
 * The rules that virtual channels are built by. Brokers are simulated, and strict: a tag
 * that is unknown, or settled twice, fails the test. Rule 13 is that of
 * {@link ClientInterfaceTests}.
 */
class DesignRuleTests {

	private static final String OTHER = "other";

	private final Simulation simulation = new Simulation(2);

	private final SimulatedBroker a = this.simulation.broker(0);

	private final SimulatedBroker b = this.simulation.broker(1);

	private SimulatedApplication application;

	@BeforeEach
	void open() throws IOException {
		this.simulation.schedule.random(new SplittableRandom(1));
		this.simulation.brokers.forEach((broker) -> {
			broker.declare(Simulation.QUEUE);
			broker.declare(OTHER);
		});
		this.simulation.open();
		this.application = channel();
	}

	private SimulatedApplication channel() throws IOException {
		return this.simulation.channel();
	}

	private void put(SimulatedBroker broker, String queue, int count) {
		for (int i = 0; i < count; i++) {
			broker.put(queue);
		}
		this.simulation.rest();
	}

	private void move(SimulatedBroker broker) {
		this.simulation.move(broker);
		this.simulation.rest();
	}

	private void stop(SimulatedBroker broker) {
		this.simulation.losses++;
		broker.stop();
		this.simulation.rest();
	}

	private List<Delivery> deliveriesOf(SimulatedBroker broker) {
		return this.simulation.deliveries.values()
			.stream()
			.filter((delivery) -> delivery.channel().broker() == broker)
			.sorted((one, two) -> Long.compare(one.id(), two.id()))
			.toList();
	}

	private List<Fate> fatesOn(SimulatedBroker broker) {
		return deliveriesOf(broker).stream().map((delivery) -> delivery.fate).toList();
	}

	private static List<SimulatedChannel> channelsOn(SimulatedBroker broker) {
		return broker.connections.stream().flatMap((connection) -> connection.channels.stream()).toList();
	}

	private static int openOn(SimulatedBroker broker) {
		return broker.connections.stream().mapToInt((connection) -> connection.channels.size()).sum();
	}

	@Test
	@DisplayName("rule 1: threads of the client only queue what is delivered, the executor hands it on")
	void handsOnByTheExecutor() throws IOException {
		List<Runnable> tasks = new ArrayList<>();
		this.simulation.connection = new VirtualConnection(this.simulation, this.simulation.connect(), tasks::add,
				() -> {
				});
		SimulatedApplication own = channel();
		Listener listener = own.consume(Simulation.QUEUE, 0, false);
		put(this.a, Simulation.QUEUE, 3);
		assertThat(listener.handled).isZero();
		assertThat(tasks).hasSize(1);
		tasks.get(0).run();
		assertThat(listener.handled).isEqualTo(3);
	}

	@Test
	@DisplayName("rule 1: what is settled together is settled on each broker, up to its last one")
	void settlesTogether() {
		this.application.consume(Simulation.QUEUE, 0, false);
		put(this.a, Simulation.QUEUE, 3);
		move(this.b);
		put(this.b, Simulation.QUEUE, 2);
		this.application.ack(4, true);
		this.simulation.rest();
		assertThat(fatesOn(this.a)).containsOnly(Fate.ACKED);
		assertThat(fatesOn(this.b)).containsExactly(Fate.ACKED, Fate.OPEN);
		this.application.ack(0, true);
		this.simulation.rest();
		assertThat(fatesOn(this.b)).containsOnly(Fate.ACKED);
	}

	@Test
	@DisplayName("rule 1: what was not handed on yet is not settled with what comes behind it")
	void settlesOneByOne() {
		this.application.consume(Simulation.QUEUE, 1, false);
		this.application.consume(OTHER, 0, false);
		put(this.a, Simulation.QUEUE, 1);
		move(this.b);
		put(this.b, Simulation.QUEUE, 1);
		put(this.b, OTHER, 1);
		this.application.ack(2, true);
		this.simulation.rest();
		assertThat(fatesOn(this.b)).containsExactly(Fate.OPEN, Fate.ACKED);
	}

	@Test
	@DisplayName("rule 1: what another thread is settling is not settled with what comes behind it")
	void settlesOnceWithSeveralThreads() {
		this.application.consume(Simulation.QUEUE, 0, false);
		put(this.a, Simulation.QUEUE, 3);
		List<Settlement> first = new ArrayList<>();
		Deliveries deliveries = this.application.channel().deliveries();
		try {
			first.addAll(deliveries.settle(2, false, false));
			assertThat(deliveries.settle(3, true, false)).singleElement()
				.satisfies((settlement) -> assertThat(settlement.isMultiple()).isFalse());
		}
		catch (UnknownTagException ex) {
			throw new AssertionError(ex);
		}
		assertThat(first).hasSize(1);
	}

	@Test
	@DisplayName("rule 1: what a cancelled consumer has in hand is not settled with what another one has")
	void settlesNothingOfACancelledConsumer() {
		Listener cancelled = this.application.consume(Simulation.QUEUE, 1, false);
		this.application.consume(OTHER, 0, false);
		put(this.a, Simulation.QUEUE, 1);
		move(this.b);
		put(this.b, Simulation.QUEUE, 1);
		put(this.b, OTHER, 2);
		this.application.ack(1, false);
		this.simulation.rest();
		this.application.cancel(cancelled);
		this.simulation.rest();
		this.application.ack(3, true);
		this.simulation.rest();
		assertThat(fatesOn(this.b)).containsExactly(Fate.OPEN, Fate.ACKED, Fate.ACKED);
	}

	@Test
	@DisplayName("rule 1: what a broker takes back while it is told of it one by one is left out")
	void leavesOutWhatIsTakenBack() throws Exception {
		this.application.consume(Simulation.QUEUE, 0, false);
		put(this.a, Simulation.QUEUE, 3);
		Deliveries deliveries = this.application.channel().deliveries();
		deliveries.fetch();
		Settlement settlement = deliveries.settle(3, true, false).get(0);
		assertThat(deliveries.next(settlement)).isOne();
		deliveries.forsake(settlement.real(), this.application.channel().subscriptions().iterator().next());
		assertThat(deliveries.next(settlement)).isZero();
		assertThat(settlement.real().forsaken()).containsExactly(2L, 3L);
	}

	@ParameterizedTest
	@ValueSource(ints = { 1, 3 })
	@DisplayName("rule 1: what a broker was told of at once is not given back to it later")
	void givesNothingBackThatIsSettled(int count) throws Exception {
		this.application.consume(Simulation.QUEUE, 0, false);
		put(this.a, Simulation.QUEUE, count);
		Deliveries deliveries = this.application.channel().deliveries();
		Settlement settlement = deliveries.settle(count, true, false).get(0);
		assertThat(settlement.isAtOnce()).isTrue();
		deliveries.forsake(settlement.real(), this.application.channel().subscriptions().iterator().next());
		assertThat(settlement.real().forsaken()).isEmpty();
	}

	@Test
	@DisplayName("rule 1: what is fetched from a broker that is lost meanwhile comes again")
	void fetchesNothingFromALostBroker() {
		put(this.a, Simulation.QUEUE, 1);
		this.application.consume(Simulation.QUEUE, 0, false);
		this.simulation.rest();
		RealChannel real = this.application.channel().deliveries().firstUnsettled();
		assertThat(real).isNotNull();
		Envelope envelope = new Envelope(2, false, "", Simulation.QUEUE);
		Deliveries deliveries = this.application.channel().deliveries();
		deliveries.forget(real);
		real.gone();
		assertThat(deliveries.fetched(real, envelope, false)).isNull();
		assertThat(deliveries.fetched(real, envelope, true)).isNotNull();
	}

	@Test
	@DisplayName("rule 2: a consumer has no more unsettled than its prefetch, whoever delivers, and blocks no other")
	void honoursPrefetch() {
		Listener full = this.application.consume(Simulation.QUEUE, 2, false);
		Listener other = this.application.consume(OTHER, 2, false);
		put(this.a, Simulation.QUEUE, 5);
		move(this.b);
		put(this.b, Simulation.QUEUE, 5);
		put(this.b, OTHER, 1);
		assertThat(full.handled).isEqualTo(2);
		assertThat(other.handled).isOne();
		this.application.ack(1, false);
		this.simulation.rest();
		assertThat(full.handled).isEqualTo(3);
	}

	@Test
	@DisplayName("rule 2: a raised limit of the channel lets through what waits")
	void letsThroughWhatWaits() {
		this.application.qos(1, true);
		Listener listener = this.application.consume(Simulation.QUEUE, 0, false);
		put(this.a, Simulation.QUEUE, 1);
		move(this.b);
		put(this.b, Simulation.QUEUE, 1);
		assertThat(listener.handled).isOne();
		this.application.qos(2, true);
		this.simulation.rest();
		assertThat(listener.handled).isEqualTo(2);
	}

	@Test
	@DisplayName("rule 3: settling does not wait for a round trip, and consumers are called without a lock")
	void settlesWhileTheStructureChanges() throws Exception {
		VirtualChannel channel = this.application.channel();
		List<Boolean> locked = new ArrayList<>();
		this.application.handler = (listener, tag, delivery) -> locked
			.add(Simulation.structure(channel).isHeldByCurrentThread()
					|| channel.deliveries().lock().isHeldByCurrentThread());
		this.application.consume(Simulation.QUEUE, 0, false);
		put(this.a, Simulation.QUEUE, 1);
		assertThat(locked).containsExactly(false);
		Simulation.structure(channel).lock();
		try {
			CompletableFuture.runAsync(() -> this.application.ack(1, false)).get(10, TimeUnit.SECONDS);
		}
		finally {
			Simulation.structure(channel).unlock();
		}
		this.simulation.rest();
		assertThat(fatesOn(this.a)).containsExactly(Fate.ACKED);
	}

	@Test
	@DisplayName("rule 4: a move subscribes there, then cancels here, and closes when everything is settled")
	void closesWhenEverythingIsSettled() {
		Listener listener = this.application.consume(Simulation.QUEUE, 0, false);
		put(this.a, Simulation.QUEUE, 1);
		move(this.b);
		assertThat(this.a.queue(Simulation.QUEUE).consumers).isEmpty();
		assertThat(this.b.queue(Simulation.QUEUE).consumers).singleElement()
			.satisfies((consumer) -> assertThat(consumer.tag()).isEqualTo(listener.tag));
		assertThat(openOn(this.a)).isOne();
		assertThat(listener.cancelOk()).isZero();
		this.application.ack(1, false);
		this.simulation.settleDown();
		assertThat(this.a.connections).isEmpty();
	}

	@Test
	@DisplayName("rule 4: an exclusive consumer is cancelled first within a cluster")
	void cancelsAnExclusiveConsumerFirst() {
		this.b.share(this.a);
		this.simulation.cluster = true;
		Listener listener = this.application.consume(Simulation.QUEUE, 0, false, "mine", true);
		move(this.b);
		put(this.b, Simulation.QUEUE, 1);
		assertThat(listener.handled).isOne();
		assertThat(this.application.isClosed()).isFalse();
	}

	@Test
	@DisplayName("rule 5: nothing happens if something is settled whose broker is lost")
	void ignoresWhatIsLost() {
		this.application.consume(Simulation.QUEUE, 0, false);
		put(this.a, Simulation.QUEUE, 2);
		stop(this.a);
		put(this.b, Simulation.QUEUE, 1);
		this.application.ack(1, false);
		this.application.ack(2, true);
		this.simulation.rest();
		assertThat(fatesOn(this.b)).containsExactly(Fate.OPEN);
		assertThat(this.application.isClosed()).isFalse();
	}

	@Test
	@DisplayName("rule 5: what is settled twice is refused by the broker")
	void refusesWhatIsSettledTwice() {
		this.application.consume(Simulation.QUEUE, 0, false);
		put(this.a, Simulation.QUEUE, 1);
		this.application.ack(1, false);
		this.application.ackUnknown();
		this.simulation.rest();
		assertThat(this.application.signal.getReason()).isInstanceOfSatisfying(AMQP.Channel.Close.class,
				(reason) -> assertThat(reason.getReplyCode()).isEqualTo(AMQP.PRECONDITION_FAILED));
	}

	@Test
	@DisplayName("rule 4: consumers are subscribed on the next broker before it is active, and are not again")
	void subscribesBeforeTheMove() {
		Listener listener = this.application.consume(Simulation.QUEUE, 0, false);
		this.simulation.connection.prepare(this.b.broker());
		this.simulation.rest();
		put(this.a, Simulation.QUEUE, 1);
		put(this.b, Simulation.QUEUE, 1);
		assertThat(listener.handled).isEqualTo(2);
		this.application.ack(0, true);
		List<SimulatedChannel> before = channelsOn(this.b);
		assertThat(before).hasSize(1);
		move(this.b);
		assertThat(channelsOn(this.b)).isEqualTo(before);
		assertThat(this.b.connections).hasSize(1);
		assertThat(openOn(this.a)).isZero();
		put(this.b, Simulation.QUEUE, 1);
		assertThat(listener.handled).isEqualTo(3);
	}

	@Test
	@DisplayName("rule 4: where a move was prepared that is not made, nobody consumes")
	void endsWhatWasPrepared() {
		Listener listener = this.application.consume(Simulation.QUEUE, 0, false);
		this.simulation.connection.prepare(this.b.broker());
		this.simulation.rest();
		this.simulation.connection.prepare(null);
		this.simulation.rest();
		put(this.b, Simulation.QUEUE, 1);
		assertThat(listener.handled).isZero();
		assertThat(this.b.connections).isEmpty();
		assertThat(openOn(this.a)).isOne();
	}

	@Test
	@DisplayName("rule 4: after two moves in a row nothing is left between")
	void leavesWhatWasPreparedBetween() {
		this.application.consume(Simulation.QUEUE, 0, false);
		this.simulation.connection.prepare(this.b.broker());
		this.simulation.rest();
		this.simulation.move(this.b);
		this.simulation.move(this.a);
		this.simulation.rest();
		this.simulation.connection.prepare(null);
		this.simulation.rest();
		assertThat(openOn(this.a)).isOne();
		assertThat(openOn(this.b)).isZero();
	}

	@Test
	@DisplayName("rule 6: what a listener publishes goes where its message has come from")
	void publishesWhereTheMessageHasComeFrom() {
		this.application.txSelect();
		this.application.handler = (listener, tag, delivery) -> {
			if (tag == 2) {
				this.application.publish(OTHER);
				this.application.ack(2, false);
			}
		};
		this.application.consume(Simulation.QUEUE, 1, false);
		put(this.a, Simulation.QUEUE, 1);
		this.simulation.connection.consumeBeside(Set.of(this.b.broker()));
		this.simulation.rest();
		put(this.b, Simulation.QUEUE, 1);
		this.application.ack(1, false);
		this.simulation.rest();
		assertThat(this.application.isInTransaction()).isTrue();
		this.application.commit();
		assertThat(this.b.queue(OTHER).ready).hasSize(1);
		assertThat(fatesOn(this.a)).containsExactly(Fate.ACKED);
		assertThat(fatesOn(this.b)).containsExactly(Fate.ACKED);
	}

	@Test
	void countsWhatWaitsBesideWithoutQueuesThatAreMissing() throws IOException {
		this.application.consume(Simulation.QUEUE, 1, false);
		this.simulation.connection.consumeBeside(Set.of(this.b.broker()));
		this.simulation.rest();
		assertThat(this.simulation.connection.getQueuesBeside(this.a.broker())).isEmpty();
		assertThat(this.simulation.connection.getQueuesBeside(this.b.broker())).containsExactly(Simulation.QUEUE);
		put(this.b, Simulation.QUEUE, 3);
		put(this.b, OTHER, 2);
		assertThat(
				this.simulation.connection.countMessages(this.b.broker(), List.of("missing", Simulation.QUEUE, OTHER)))
			.containsOnly(entry(Simulation.QUEUE, 2), entry(OTHER, 2));
		assertThat(this.simulation.connection.countMessages(this.a.broker(), List.of(OTHER))).isEmpty();
	}

	@Test
	@DisplayName("rule 6: a rollback puts the tags back")
	void putsTagsBack() {
		this.application.txSelect();
		this.application.consume(Simulation.QUEUE, 0, false);
		put(this.a, Simulation.QUEUE, 1);
		this.application.ack(1, false);
		this.application.publish(OTHER);
		move(this.b);
		this.application.rollback();
		assertThat(fatesOn(this.a)).containsExactly(Fate.OPEN);
		this.application.ack(1, false);
		this.application.commit();
		this.simulation.settleDown();
		assertThat(fatesOn(this.a)).containsExactly(Fate.ACKED);
		assertThat(this.a.queue(OTHER).ready).isEmpty();
		assertThat(this.a.connections).isEmpty();
	}

	@Test
	@DisplayName("rule 6: what was lost in a transaction that has failed may be settled again, to no effect")
	void settlesAgainWhatWasLost() throws IOException {
		VirtualChannel channel = this.application.channel();
		channel.txSelect();
		this.application.consume(Simulation.QUEUE, 0, false);
		put(this.a, Simulation.QUEUE, 2);
		channel.basicAck(1, false);
		stop(this.a);
		channel.basicAck(2, false);
		assertThatExceptionOfType(AlreadyClosedException.class).isThrownBy(channel::txCommit);
		channel.basicReject(1, true);
		channel.basicReject(2, true);
		channel.txCommit();
		assertThat(channel.isOpen()).isTrue();
	}

	@Test
	@DisplayName("rule 6: what was lost before a rollback fails the commit of whoever settles it again")
	void tellsWhatWasLostBeforeARollback() throws IOException {
		VirtualChannel channel = this.application.channel();
		channel.txSelect();
		this.application.consume(Simulation.QUEUE, 0, false);
		put(this.a, Simulation.QUEUE, 1);
		channel.basicAck(1, false);
		stop(this.a);
		channel.txRollback();
		channel.basicAck(1, false);
		assertThatExceptionOfType(AlreadyClosedException.class).isThrownBy(channel::txCommit);
	}

	@Test
	@DisplayName("rule 6: what was committed right before its broker was lost is not lost")
	void isCommittedBeforeTheLoss() throws Exception {
		this.application.txSelect();
		this.application.consume(Simulation.QUEUE, 0, false);
		put(this.a, Simulation.QUEUE, 1);
		Deliveries deliveries = this.application.channel().deliveries();
		RealChannel real = deliveries.settle(1, false, true).get(0).real();
		deliveries.forget(real);
		deliveries.transactionEnded(real, true);
		deliveries.transactionEnded();
		deliveries.settle(0, true, true);
		assertThat(deliveries.isDoomed()).isFalse();
	}

	@Test
	@DisplayName("rule 6: a channel that is lost in a transaction is open until it is rolled back, which succeeds")
	void rollsBackWhatIsLost() throws IOException {
		VirtualChannel channel = this.application.channel();
		channel.txSelect();
		channel.basicPublish("", OTHER, null, new byte[0]);
		stop(this.a);
		assertThat(channel.isOpen()).isTrue();
		assertThatExceptionOfType(AlreadyClosedException.class)
			.isThrownBy(() -> channel.basicPublish("", OTHER, null, new byte[0]));
		assertThat(channel.isOpen()).isTrue();
		channel.txRollback();
		assertThat(channel.isOpen()).isFalse();
		assertThatExceptionOfType(AlreadyClosedException.class).isThrownBy(channel::txRollback);
	}

	@Test
	@DisplayName("rule 6: a channel that is lost in a transaction is open until its commit, which fails")
	void commitsNothingThatIsLost() throws IOException {
		VirtualChannel channel = this.application.channel();
		channel.txSelect();
		channel.basicPublish("", OTHER, null, new byte[0]);
		stop(this.a);
		assertThat(channel.isOpen()).isTrue();
		assertThatExceptionOfType(AlreadyClosedException.class).isThrownBy(channel::txCommit);
		assertThat(channel.isOpen()).isFalse();
	}

	@Test
	@DisplayName("rule 6: a channel that is lost between two transactions, or closed in one, is not open")
	void isOpenInTransactionsOnly() throws Exception {
		VirtualChannel idle = this.application.channel();
		idle.txSelect();
		idle.basicPublish("", OTHER, null, new byte[0]);
		idle.txCommit();
		VirtualChannel closed = channel().channel();
		closed.txSelect();
		closed.basicPublish("", OTHER, null, new byte[0]);
		closed.close();
		assertThat(closed.isOpen()).isFalse();
		stop(this.a);
		assertThat(idle.isOpen()).isFalse();
	}

	@Test
	@DisplayName("rule 7: a direct reply goes where its request has come from, or nowhere")
	void repliesWhereTheRequestHasComeFrom() {
		String replyTo = Subscription.DIRECT_REPLIES + ".g1h";
		this.application.consume(Simulation.QUEUE, 0, false);
		this.a.request(Simulation.QUEUE, replyTo);
		this.simulation.rest();
		move(this.b);
		this.application.publish(replyTo);
		this.simulation.rest();
		assertThat(this.simulation.published.get("published-1").stored.broker()).isSameAs(this.a);
		stop(this.a);
		this.b.declare(Simulation.NOWHERE);
		this.application.publish(replyTo);
		this.simulation.rest();
		assertThat(this.b.queue(Simulation.NOWHERE).ready).hasSize(1);
	}

	@Test
	@DisplayName("rule 8: confirms have numbers that go on, and come one by one while two brokers owe some")
	void numbersGoOn() throws IOException {
		List<String> told = new ArrayList<>();
		this.application.confirmSelect();
		this.application.channel()
			.addConfirmListener((number, multiple) -> told.add(number + (multiple ? "+" : "")),
					(number, multiple) -> told.add("-" + number + (multiple ? "+" : "")));
		this.a.confirming = false;
		this.b.confirming = false;
		this.application.publish(OTHER);
		this.application.publish(OTHER);
		this.simulation.rest();
		SimulatedChannel onA = this.a.connections.get(0).channels.get(0);
		move(this.b);
		this.application.publish(OTHER);
		this.application.publish(OTHER);
		this.simulation.rest();
		SimulatedChannel onB = this.b.connections.get(0).channels.get(0);
		onB.confirm(2, true, true);
		this.simulation.rest();
		onA.confirm(2, true, false);
		this.simulation.rest();
		this.application.publish(OTHER);
		this.application.publish(OTHER);
		this.simulation.rest();
		onB.confirm(4, true, true);
		this.simulation.settleDown();
		assertThat(told).containsExactly("3", "4", "-2+", "6+");
		assertThat(this.a.connections).isEmpty();
	}

	@Test
	@DisplayName("rule 9: a recover reaches each broker, and nothing of before is handed on")
	void recoversOnEachBroker() {
		Listener listener = this.application.consume(Simulation.QUEUE, 1, false);
		put(this.a, Simulation.QUEUE, 1);
		move(this.b);
		put(this.b, Simulation.QUEUE, 1);
		this.application.recover();
		this.simulation.rest();
		assertThat(fatesOn(this.a)).containsExactly(Fate.RECOVERED);
		assertThat(fatesOn(this.b)).containsExactly(Fate.RECOVERED, Fate.OPEN);
		assertThat(listener.handled).isEqualTo(2);
	}

	@Test
	@DisplayName("rule 9: a cancel gives back what waits, and is confirmed once, behind the last channel")
	void cancelGivesBack() {
		Listener listener = this.application.consume(Simulation.QUEUE, 1, false);
		this.simulation.connection.consumeBeside(Set.of(this.b.broker()));
		this.simulation.rest();
		put(this.a, Simulation.QUEUE, 1);
		put(this.b, Simulation.QUEUE, 1);
		this.application.cancel(listener);
		this.simulation.rest();
		assertThat(listener.handled).isOne();
		assertThat(fatesOn(this.b)).containsExactly(Fate.REQUEUED);
		assertThat(listener.cancelOk()).isOne();
	}

	@Test
	@DisplayName("rule 9: a consumer that a broker cancels during a recover is handed on what comes later")
	void consumesAfterARecover() {
		Listener listener = this.application.consume(Simulation.QUEUE, 0, false);
		consumeBeside();
		SimulatedChannel there = channelsOn(this.b).get(0);
		there.cancelByBroker(there.subscribed().values().iterator().next(), true);
		this.application.recover();
		this.simulation.rest();
		consumeBeside();
		put(this.b, Simulation.QUEUE, 1);
		assertThat(listener.handled).isOne();
	}

	private void consumeBeside() {
		this.simulation.connection.consumeBeside(Set.of(this.b.broker()));
		this.simulation.rest();
	}

	@RepeatedTest(100)
	@DisplayName("rule 9: each cancel is confirmed if the broker is lost")
	void confirmsCancelsIfTheBrokerIsLost(RepetitionInfo repetition) {
		this.simulation.schedule.random(new SplittableRandom(repetition.getCurrentRepetition()));
		Listener one = this.application.consume(Simulation.QUEUE, 0, false);
		Listener two = this.application.consume(OTHER, 0, false);
		this.application.consume(OTHER, 0, false);
		this.application.cancel(one);
		this.application.cancel(two);
		stop(this.a);
		assertThat(one.cancelOk()).isOne();
		assertThat(two.cancelOk()).isOne();
	}

	@Test
	@DisplayName("rule 10: a channel that was left is kept for a second for answers to what needs no acknowledgement")
	void keepsTheChannelForAnswers() {
		Listener listener = this.application.consume(Simulation.QUEUE, 0, true);
		put(this.a, Simulation.QUEUE, 1);
		move(this.b);
		assertThat(listener.handled).isOne();
		assertThat(openOn(this.a)).isOne();
		this.simulation.settleDown();
		assertThat(openOn(this.a)).isZero();
	}

	@Test
	@DisplayName("rule 10: a channel that was left is closed after the last message that needs no acknowledgement")
	void closesAfterTheLastMessage() throws IOException {
		List<Runnable> tasks = new ArrayList<>();
		this.simulation.connection = new VirtualConnection(this.simulation, this.simulation.connect(), tasks::add,
				() -> {
				});
		SimulatedApplication own = channel();
		own.consume(Simulation.QUEUE, 0, true);
		this.simulation.rest();
		put(this.a, Simulation.QUEUE, 1);
		move(this.b);
		while (!tasks.isEmpty()) {
			tasks.remove(0).run();
			this.simulation.settleDown();
		}
		assertThat(openOn(this.a)).isOne();
	}

	@Test
	@DisplayName("rule 11: an error of the current channel ends the virtual one with the same reason")
	void endsWithTheCurrentChannel() {
		this.application.consume(Simulation.QUEUE, 0, false);
		this.simulation.losses++;
		this.a.connections.get(0).channels.get(0).refuse(AMQP.PRECONDITION_FAILED, "PRECONDITION_FAILED");
		this.simulation.rest();
		assertThat(this.application.signal.getReason()).isInstanceOfSatisfying(AMQP.Channel.Close.class,
				(reason) -> assertThat(reason.getReplyCode()).isEqualTo(AMQP.PRECONDITION_FAILED));
	}

	@RepeatedTest(100)
	@DisplayName("rule 11: a consumer that begins while its channel ends is told so once")
	void tellsTheEndToAConsumerThatBegins(RepetitionInfo repetition) {
		this.simulation.schedule.random(new SplittableRandom(repetition.getCurrentRepetition()));
		AtomicBoolean stopped = new AtomicBoolean();
		this.simulation.schedule.actor(
				() -> !stopped.get()
						&& channelsOn(this.a).stream().anyMatch((channel) -> !channel.subscribed().isEmpty()),
				stopped::get, () -> {
					stopped.set(true);
					this.simulation.losses++;
					this.a.stop();
				});
		Listener listener = this.application.consume(Simulation.QUEUE, 0, false);
		this.simulation.rest();
		assertThat(stopped).isTrue();
		if (listener != null && this.application.isClosed()) {
			assertThat(listener.shutdown()).isOne();
		}
	}

	@Test
	@DisplayName("rule 11: an error of a channel that was left is forgotten")
	void forgetsAChannelThatWasLeft() {
		Listener listener = this.application.consume(Simulation.QUEUE, 0, false);
		put(this.a, Simulation.QUEUE, 1);
		move(this.b);
		this.simulation.losses++;
		this.a.connections.get(0).channels.get(0).refuse(AMQP.PRECONDITION_FAILED, "PRECONDITION_FAILED");
		this.simulation.rest();
		put(this.b, Simulation.QUEUE, 1);
		this.application.ack(0, true);
		this.simulation.rest();
		assertThat(listener.handled).isEqualTo(2);
		assertThat(fatesOn(this.b)).containsExactly(Fate.ACKED);
	}

	@Test
	@DisplayName("rule 12: a queue of the connection is declared on the next broker before it is consumed there")
	void declaresItsQueues() throws IOException {
		this.application.channel().queueDeclare("mine", false, true, true, null);
		Listener listener = this.application.consume("mine", 0, false);
		move(this.b);
		put(this.b, "mine", 1);
		assertThat(listener.handled).isOne();
	}

	@Test
	@DisplayName("rule 12: a channel stays where a broker has named its queue, until its consumer is cancelled")
	void staysWithANamedQueue() throws IOException {
		String queue = this.application.channel().queueDeclare().getQueue();
		Listener listener = this.application.consume(queue, 0, true);
		move(this.b);
		put(this.a, queue, 1);
		assertThat(listener.handled).isOne();
		this.application.cancel(listener);
		this.simulation.rest();
		this.application.publish(OTHER);
		this.simulation.rest();
		assertThat(this.simulation.published.get("published-1").stored.broker()).isSameAs(this.b);
	}

	@Test
	@DisplayName("rule 14: what is settled together on one broker is told to it once")
	void tellsOnce() {
		this.simulation.schedule.tracing = true;
		this.application.consume(Simulation.QUEUE, 0, false);
		put(this.a, Simulation.QUEUE, 3);
		this.application.ack(3, true);
		this.simulation.rest();
		assertThat(this.simulation.schedule.trace()).filteredOn((line) -> line.contains(": ACKED"))
			.filteredOn((line) -> line.trim().startsWith("A"))
			.singleElement()
			.asString()
			.endsWith("ACKED 3 and before");
	}

}
