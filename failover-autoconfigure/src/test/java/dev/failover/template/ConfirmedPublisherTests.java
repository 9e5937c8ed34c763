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
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.IntStream;

import com.rabbitmq.client.AMQP;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import dev.failover.broker.Broker;
import dev.failover.connection.DestinationFault;
import dev.failover.connection.WriteBatch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Tests for {@link ConfirmedPublisher}: its own logic, against a broker that the test
 * plays.
 */
@Timeout(60)
class ConfirmedPublisherTests {

	private static final Duration LONG = Duration.ofSeconds(30);

	private final FakeSource source = new FakeSource();

	private final ExecutorService executor = Executors.newCachedThreadPool();

	private ConfirmedPublisher publisher = publisher(1000, null);

	@AfterEach
	void close() {
		this.publisher.close();
		this.executor.shutdownNow();
	}

	@Test
	void messageIsPublishedAfterAnErrorWhileAChannelIsOpened() throws Exception {
		this.source.error.set(new NoClassDefFoundError("thrown by the test"));
		Publication first = submit("1");
		Publication second = submit("2");
		this.source.accept();
		this.source.awaitWritten(0, 2).ackUpTo(2);
		assertThat(first.await().messageId()).isEqualTo("1");
		assertThat(second.await().messageId()).isEqualTo("2");
	}

	@Test
	void messagesEndAlsoIfTheInspectionEndsInAnError() {
		this.source.judging.set(new NoClassDefFoundError("thrown by the test"));
		Publication lost = submit("1", true, Duration.ofMillis(500));
		await().until(lost::isDone);
		assertThat(this.source.judging).hasValue(null);
	}

	@Test
	void messageIsConfirmedByTheAcknowledgementOfItsOwn() throws Exception {
		Publication first = submit("1");
		Publication second = submit("2");
		this.source.awaitWritten(0, 2).ack(2);
		assertThat(second.await()).isEqualTo(new Confirmation("2", 1));
		assertThat(first.isDone()).isFalse();
		this.source.channels.get(0).ack(1);
		assertThat(first.await()).isEqualTo(new Confirmation("1", 1));
	}

	@Test
	void callerWaitsForRoomAmongTheUnconfirmed() throws Exception {
		this.publisher = publisher(2, null);
		submit("1");
		submit("2");
		Future<Publication> third = this.executor.submit(() -> submit("3"));
		FakeChannel channel = this.source.awaitWritten(0, 2);
		await().during(Duration.ofMillis(100)).until(() -> !third.isDone() && channel.written.size() == 2);
		assertThat(this.publisher.status()).isEqualTo(new PublishStatus(2, 2, 1));
		channel.ack(1);
		third.get(10, TimeUnit.SECONDS);
		this.source.awaitWritten(0, 3).ackUpTo(3);
		await().until(() -> this.publisher.status().equals(new PublishStatus(0, 2, 0)));
	}

	@Test
	void messageWithoutRoomUntilItsDeadlineIsNotSent() {
		this.publisher = publisher(1, null);
		submit("1");
		Publication second = submit("2", true, Duration.ofMillis(100));
		assertOutcome(second, PublishOutcome.NOT_SENT, "1 messages are unconfirmed already");
		assertThat(this.source.awaitWritten(0, 1).written).containsExactly("1");
	}

	@Test
	void interruptIsHonouredWhileWaitingForRoom() throws Exception {
		this.publisher = publisher(1, null);
		submit("1");
		Publication second = publication("2", true, LONG, 10);
		Interrupted waiting = new Interrupted(() -> this.publisher.submit(second));
		waiting.interrupt();
		assertThat(waiting.keptFlag()).isTrue();
		assertOutcome(second, PublishOutcome.NOT_SENT, "Interrupted while waiting for room");
	}

	@Test
	void interruptIsHonouredWhileWaitingForTheConfirm() throws Exception {
		Publication first = submit("1");
		this.source.awaitWritten(0, 1);
		Interrupted waiting = new Interrupted(() -> FailoverTemplate.await(first));
		waiting.interrupt();
		assertThat(waiting.keptFlag()).isTrue();
		assertOutcome(first, PublishOutcome.UNKNOWN, "Interrupted while waiting for the confirm");
	}

	@Test
	void observerIsToldOfConfirmsAndOfMessagesThatMayHaveArrived() throws Exception {
		List<String> told = new CopyOnWriteArrayList<>();
		this.publisher.addObserver(new PublishObserver() {

			@Override
			public void confirmed(@Nullable Broker broker, long nanos) {
				told.add("confirmed in " + ((nanos > 0) ? "time" : "no time"));
			}

			@Override
			public void unknown() {
				told.add("unknown");
			}

		});
		submit("1");
		submit("2");
		this.source.awaitWritten(0, 2).ackUpTo(2);
		await().untilAsserted(() -> assertThat(told).containsExactly("confirmed in time", "confirmed in time"));
		Publication lost = submit("3", true, Duration.ofMillis(200));
		await().until(lost::isDone);
		this.source.refusing = true;
		this.source.awaitWritten(0, 3).lose();
		Publication unsent = submit("4", true, Duration.ofMillis(200));
		await().until(unsent::isDone);
		assertThat(told).containsExactly("confirmed in time", "confirmed in time", "unknown");
	}

	@Test
	void messageThatWasWrittenButNotConfirmedIsUnknown() {
		Publication message = submit("1", true, Duration.ofMillis(200));
		this.source.awaitWritten(0, 1);
		assertOutcome(message, PublishOutcome.UNKNOWN, "not confirmed in time");
	}

	@Test
	void messageForWhichNoBrokerWasFoundIsNotSent() {
		this.source.refusing = true;
		assertOutcome(submit("1", true, Duration.ofMillis(200)), PublishOutcome.NOT_SENT,
				"The message was not sent in time");
		this.source.outage = "No broker accepted the login: north: refused";
		assertOutcome(submit("2", true, Duration.ofMillis(200)), PublishOutcome.NOT_SENT,
				"No broker accepted the login: north: refused; the message was not sent");
	}

	@Test
	void newMessagesGoToTheNextBrokerWhenTheOldOneHasConfirmedAllOfItsOwn() throws Exception {
		Publication first = submit("1");
		FakeChannel old = this.source.awaitWritten(0, 1);
		this.source.move();
		Publication second = submit("2");
		await().during(Duration.ofMillis(100)).until(() -> this.source.channels.size() == 1 && !second.isDone());
		old.ack(1);
		this.source.awaitWritten(1, 1).ack(1);
		assertThat(first.await()).isEqualTo(new Confirmation("1", 1));
		assertThat(second.await()).isEqualTo(new Confirmation("2", 1));
		assertThat(old.written).containsExactly("1");
		await().until(() -> !old.proxy().isOpen());
	}

	@Test
	void publisherThatIsIdleClosesItsChannelWhenItIsMoved() throws Exception {
		submit("1");
		FakeChannel old = this.source.awaitWritten(0, 1);
		old.ack(1);
		this.source.move();
		await().until(() -> !old.proxy().isOpen());
		assertThat(this.source.channels).hasSize(1);
	}

	@Test
	void brokerThatDoesNotAnswerTheCloseOfItsChannelHoldsNoDeadlineUp() throws Exception {
		submit("1");
		FakeChannel old = this.source.awaitWritten(0, 1);
		CountDownLatch answer = new CountDownLatch(1);
		old.onClose = () -> awaitUninterruptibly(answer);
		this.source.blocked = true;
		this.source.move();
		this.source.awaitWritten(1, 1);
		assertOutcome(submit("2", true, Duration.ofMillis(200)), PublishOutcome.UNKNOWN, "not confirmed in time");
		answer.countDown();
	}

	@Test
	void brokerThatIsBlockedIsNotWaitedForInAMove() throws Exception {
		Publication message = submit("1");
		this.source.awaitWritten(0, 1);
		this.source.blocked = true;
		this.source.move();
		this.source.awaitWritten(1, 1).ack(1);
		assertThat(message.await()).isEqualTo(new Confirmation("1", 2));
	}

	@Test
	void rejectedMessageIsWrittenAgainAfterAPauseOnAnotherChannel() throws Exception {
		Publication message = submit("1");
		this.source.awaitWritten(0, 1).nack(1);
		this.source.awaitWritten(1, 1).ack(1);
		assertThat(message.await()).isEqualTo(new Confirmation("1", 2));
		await().until(() -> !this.source.channels.get(0).proxy().isOpen());
	}

	@Test
	void channelThatRejectedAMessageIsLeftWhenTheOthersAreConfirmed() throws Exception {
		Publication rejected = submit("1");
		Publication slow = submit("2");
		FakeChannel left = this.source.awaitWritten(0, 2);
		left.nack(1);
		await().during(Duration.ofMillis(500)).until(() -> this.source.channels.size() == 1);
		Publication later = submit("3");
		left.ack(2);
		this.source.awaitWritten(1, 2).ackUpTo(2);
		assertThat(rejected.await().tries()).isEqualTo(2);
		assertThat(slow.await().tries()).isEqualTo(1);
		assertThat(later.await().tries()).isEqualTo(1);
	}

	@Test
	void channelThatRejectedAMessageIsNotWaitedForWhenItsBlockedBrokerIsLeft() throws Exception {
		submit("1");
		submit("2");
		FakeChannel left = this.source.awaitWritten(0, 2);
		left.nack(1);
		await().during(Duration.ofMillis(500)).until(() -> this.source.channels.size() == 1);
		this.source.blocked = true;
		this.source.move();
		assertThat(this.source.awaitWritten(1, 2).written).containsExactlyInAnyOrder("1", "2");
	}

	@Test
	void messageThatIsRejectedUntilItsDeadlineMayHaveArrivedElsewhere() {
		this.source.onWrite = (channel) -> reject(channel, channel.written.size());
		Publication message = submit("1", true, Duration.ofSeconds(2));
		assertOutcome(message, PublishOutcome.UNKNOWN, "The broker rejected the message until its time was over");
		assertThat(message.tries()).isBetween(2, 4);
	}

	@Test
	void messageThatIsRejectedOnceAndLostOnceIsUnknown() throws Exception {
		Publication message = submit("1", true, Duration.ofMillis(900));
		this.source.awaitWritten(0, 1).nack(1);
		FakeChannel channel = this.source.awaitWritten(1, 1);
		this.source.refusing = true;
		channel.lose();
		assertOutcome(message, PublishOutcome.UNKNOWN, "not confirmed in time");
	}

	@Test
	void messageThatIsReturnedAfterItWasRejectedIsReturned() throws Exception {
		this.source.answer = new CompletableFuture<>();
		Publication message = submit("1", false, LONG);
		FakeChannel channel = this.source.awaitWritten(0, 1);
		channel.nack(1);
		assertThat(message.isDone()).isFalse();
		channel.giveBack("1");
		assertThat(message.result()).failsWithin(Duration.ofSeconds(10))
			.withThrowableThat()
			.withCauseInstanceOf(MessageReturnedException.class);
		assertThat(message.tries()).isEqualTo(1);
	}

	@Test
	void rejectedMessageIsDecidedOnWhenNoReturnOfItCanBeOnItsWay() throws Exception {
		this.source.answer = new CompletableFuture<>();
		Publication first = submit("1", false, LONG);
		Publication second = submit("2", false, LONG);
		FakeChannel channel = this.source.awaitWritten(0, 2);
		channel.nack(1);
		channel.nack(2);
		await().during(Duration.ofMillis(100)).until(() -> !first.isDone() && !second.isDone());
		this.source.answer.complete(null);
		assertOutcome(first, PublishOutcome.UNKNOWN, "must not be sent twice");
		assertOutcome(second, PublishOutcome.UNKNOWN, "must not be sent twice");
	}

	@Test
	void messageForAQueueThatIsNotAvailableEndsAlikeWhetherRejectedOrReturned() throws Exception {
		this.source.fault = new DestinationFault("Queue 'sick' is not available", true);
		Publication rejected = submit("1");
		this.source.awaitWritten(0, 1).nack(1);
		assertOutcome(rejected, PublishOutcome.UNKNOWN, "Queue 'sick' is not available");
		Publication returned = submit("2", false, LONG);
		FakeChannel channel = this.source.awaitWritten(0, 2);
		channel.giveBack("2");
		channel.ack(2);
		assertOutcome(returned, PublishOutcome.UNKNOWN, "Queue 'sick' is not available");
		assertThat(returned.returned()).isNull();
	}

	@Test
	void returnedMessageIsWrittenAgainUntilItIsCertainWhatIsWrong() throws Exception {
		this.source.fault = new DestinationFault("Queue 'sick' is not available", false);
		Publication message = submit("1");
		FakeChannel channel = this.source.awaitWritten(0, 1);
		channel.giveBack("1");
		channel.ack(1);
		this.source.awaitWritten(1, 1).ack(1);
		assertThat(message.await().tries()).isEqualTo(2);
	}

	@Test
	void rejectedMessageIsDecidedOnWhenItsChannelIsLost() throws Exception {
		this.source.answer = new CompletableFuture<>();
		Publication message = submit("1", true, LONG);
		FakeChannel channel = this.source.awaitWritten(0, 1);
		channel.nack(1);
		this.source.answer = CompletableFuture.completedFuture(null);
		channel.answer.completeExceptionally(new IOException("lost"));
		channel.lose();
		this.source.awaitWritten(1, 1).ack(1);
		assertThat(message.await().tries()).isEqualTo(2);
	}

	@Test
	void messageWithTooLargeHeadersIsRefusedAndHarmsNoOther() throws Exception {
		this.source.frameMax = 4096;
		Publication before = submit("1");
		Publication tooLarge = publication("2", 4097);
		Publication fits = publication("3", 4096);
		this.publisher.submit(tooLarge);
		this.publisher.submit(fits);
		assertOutcome(tooLarge, PublishOutcome.NOT_SENT, "take 4097 bytes, and the connection allows 4096 (frame_max)");
		this.source.awaitWritten(0, 2).ackUpTo(2);
		assertThat(before.await().tries()).isEqualTo(1);
		assertThat(fits.await().tries()).isEqualTo(1);
		assertThat(this.source.channels).hasSize(1);
	}

	@Test
	void messageThatTheClientFailsToPublishIsAloneWithThat() throws Exception {
		Publication before = submit("1");
		FakeChannel channel = this.source.awaitWritten(0, 1);
		this.source.onWrite = (written) -> {
			if (written == channel) {
				throw new IllegalStateException("expected by the test");
			}
		};
		Publication failing = submit("2");
		assertOutcome(failing, PublishOutcome.UNKNOWN, "The client failed to publish the message");
		Publication after = submit("3");
		await().during(Duration.ofMillis(200)).until(() -> this.source.channels.size() == 1);
		channel.ack(1);
		this.source.awaitWritten(1, 1).ack(1);
		assertThat(before.await().tries()).isEqualTo(1);
		assertThat(after.await().tries()).isEqualTo(1);
		assertThat(channel.written).containsExactly("1", "2");
		await().until(() -> !channel.proxy().isOpen());
	}

	@Test
	void messageThatAnErrorEndsIsAloneWithThat() throws Exception {
		this.source.onWrite = (written) -> {
			this.source.onWrite = (later) -> {
			};
			throw new AssertionError("expected by the test");
		};
		assertOutcome(submit("1"), PublishOutcome.UNKNOWN, "The client failed to publish the message");
		Publication after = submit("2");
		this.source.awaitWritten(1, 1).ack(1);
		assertThat(after.await().tries()).isEqualTo(1);
	}

	@Test
	void rejectedMessageThatMustNotBeSentTwiceEnds() throws Exception {
		Publication message = submit("1", false, LONG);
		this.source.awaitWritten(0, 1).nack(1);
		assertOutcome(message, PublishOutcome.UNKNOWN, "must not be sent twice");
	}

	@Test
	void rejectedMessageEndsAfterTheMaximumOfRetries() {
		this.publisher = publisher(1000, 1);
		this.source.onWrite = (channel) -> reject(channel, channel.written.size());
		Publication message = submit("1");
		assertOutcome(message, PublishOutcome.UNKNOWN, "rejected the message after 2 tries");
	}

	@Test
	void lostMessageThatMustNotBeSentTwiceEndsWithAnUnknownOutcome() {
		Publication message = submit("1", false, LONG);
		this.source.awaitWritten(0, 1).lose();
		assertOutcome(message, PublishOutcome.UNKNOWN, "must not be sent twice");
		Publication next = submit("2");
		assertThat(this.source.awaitWritten(1, 1).written).containsExactly("2");
		assertThat(next.isDone()).isFalse();
	}

	@Test
	void lostMessageEndsAfterTheMaximumOfRetries() {
		this.publisher = publisher(1000, 0);
		Publication message = submit("1");
		this.source.awaitWritten(0, 1).lose();
		assertOutcome(message, PublishOutcome.UNKNOWN, "not confirmed after 1 try");
	}

	@Test
	void unconfirmedMessagesAreWrittenAgainInTheirOrder() throws Exception {
		for (int i = 1; i <= 5; i++) {
			submit("" + i);
		}
		FakeChannel lost = this.source.awaitWritten(0, 5);
		lost.ack(2);
		this.source.refusing = true;
		lost.lose();
		submit("6");
		this.source.accept();
		assertThat(this.source.awaitWritten(1, 5).written).containsExactly("1", "3", "4", "5", "6");
	}

	@Test
	void whatWaitsIsWrittenInABatch() {
		Batch batch = submitBatch(5);
		await().until(() -> batch.log.contains("end"));
		assertThat(batch.log).containsExactly("written", "begin", "written", "written", "written", "written", "end");
	}

	@Test
	void batchThatCannotBeWrittenIsWrittenAgainOnTheNextChannel() throws Exception {
		this.source.batch = new Batch(1);
		Batch batch = submitBatch(5);
		assertThat(this.source.awaitWritten(1, 5).written).containsExactly("1", "2", "3", "4", "5");
		await().until(() -> Collections.frequency(batch.log, "end") == 2);
		this.source.channels.get(1).ackUpTo(5);
		await().until(() -> this.source.replays.contains("5 of 5"));
	}

	@Test
	void batchIsEndedAlsoWhenItsChannelIsLostWithinIt() {
		this.source.onWrite = (channel) -> {
			if (this.source.channels.size() == 1 && channel.written.size() == 3) {
				channel.refuse(null);
			}
		};
		Batch batch = submitBatch(5);
		assertThat(this.source.awaitWritten(1, 5).written).containsExactly("1", "2", "3", "4", "5");
		await().until(() -> Collections.frequency(batch.log, "end") == 2);
		assertThat(batch.log.subList(0, 5)).containsExactly("written", "begin", "written", "written", "end");
	}

	@Test
	void lateAcknowledgementOfALostChannelCountsForNothing() throws Exception {
		Publication message = submit("1");
		FakeChannel lost = this.source.awaitWritten(0, 1);
		lost.lose();
		FakeChannel next = this.source.awaitWritten(1, 1);
		lost.ack(1);
		lost.nack(1);
		assertThat(message.isDone()).isFalse();
		next.ack(1);
		assertThat(message.await()).isEqualTo(new Confirmation("1", 2));
	}

	@Test
	void messageThatWasReturnedBeforeItsChannelWasLostIsReturned() {
		Publication message = submit("1");
		FakeChannel channel = this.source.awaitWritten(0, 1);
		channel.giveBack("1");
		channel.lose();
		assertThat(message.result()).failsWithin(LONG)
			.withThrowableThat()
			.withCauseInstanceOf(MessageReturnedException.class);
		assertThat(this.source.channels).hasSize(1);
	}

	@Test
	void lateReturnOfALostChannelCountsForNothing() throws Exception {
		Publication message = submit("1");
		FakeChannel lost = this.source.awaitWritten(0, 1);
		lost.lose();
		FakeChannel next = this.source.awaitWritten(1, 1);
		lost.giveBack("1");
		next.ack(1);
		assertThat(message.await()).isEqualTo(new Confirmation("1", 2));
	}

	@Test
	void brokerThatNeitherConfirmsNorOpensAChannelIsGivenUpAlsoWhenTheCallerHasGivenUpBefore() {
		this.publisher = impatient(Duration.ofMillis(300));
		Publication message = submit("1", true, Duration.ofMillis(50));
		this.source.awaitWritten(0, 1);
		this.source.refusing = true;
		assertOutcome(message, PublishOutcome.UNKNOWN, "queue 'queue' was not confirmed in time");
		await().untilAsserted(() -> assertThat(this.source.failures).isNotEmpty()
			.first()
			.asString()
			.contains("No confirm within 300 ms"));
	}

	@Test
	void brokerThatOpensAChannelIsNotGivenUpForAMessageThatItDoesNotConfirm() throws Exception {
		this.publisher = impatient(Duration.ofMillis(100));
		Publication message = submit("1");
		FakeChannel again = this.source.awaitWritten(1, 1);
		assertThat(this.source.channels.get(0).written).containsExactly("1");
		await().during(Duration.ofSeconds(1))
			.until(() -> this.source.channels.stream().mapToInt((channel) -> channel.written.size()).sum() == 2);
		assertThat(this.source.failures).isEmpty();
		again.ack(1);
		assertThat(message.await()).isEqualTo(new Confirmation("1", 2));
	}

	@Test
	void destinationThatDoesNotConfirmHoldsNoOtherUp() throws Exception {
		Publication stuck = submitTo("late", "1");
		Publication overtaking = submitTo("other", "2");
		FakeChannel first = this.source.awaitWritten(0, 2);
		first.ack(2);
		await().until(() -> this.source.channels.size() == 2);
		Publication waiting = submitTo("late", "3");
		Publication trial = submitTo("other", "4");
		this.source.awaitWritten(0, 3).ack(3);
		Publication further = submitTo("other", "5");
		FakeChannel second = this.source.awaitWritten(1, 1);
		assertThat(second.written).containsExactly("5");
		second.ack(1);
		for (Publication confirmed : List.of(overtaking, trial, further)) {
			assertThat(confirmed.await().tries()).isEqualTo(1);
		}
		assertThat(first.written).containsExactly("1", "2", "4");
		first.ack(1);
		await().until(() -> first.written.size() + second.written.size() == 5);
		first.ackUpTo(first.written.size());
		second.ackUpTo(second.written.size());
		assertThat(stuck.await().tries()).isEqualTo(1);
		assertThat(waiting.await().tries()).isEqualTo(1);
		assertThat(this.source.channels).hasSize(2);
		assertThat(this.source.failures).isEmpty();
	}

	/**
	 * RabbitMQ 3.10 goes on asking the leader that is gone on any other channel.
	 */
	@Test
	void destinationThatWasLateForLongStaysOnItsChannel() throws Exception {
		submitTo("late", "1");
		submitTo("other", "2");
		FakeChannel first = this.source.awaitWritten(0, 2);
		first.ack(2);
		await().until(() -> this.source.channels.size() == 2);
		submitTo("late", "3");
		await().during(Duration.ofMillis(1100)).until(() -> first.written.size() == 2);
		first.ack(1);
		this.source.awaitWritten(0, 3).ack(3);
		submitTo("late", "4");
		this.source.awaitWritten(0, 4).ack(4);
		assertThat(this.source.channels.get(1).written).isEmpty();
	}

	@Test
	void unconfirmedMessagesOfALateDestinationAreFewerThanRabbitReadsOnWith() throws Exception {
		submitTo("late", "first");
		FakeChannel first = this.source.awaitWritten(0, 1);
		await().pollDelay(Duration.ofMillis(20)).until(() -> true);
		List<Publication> held = IntStream.range(0, 999).mapToObj((i) -> submitTo("late", "" + i)).toList();
		await().until(() -> this.source.channels.size() == 2);
		Publication other = submitTo("other", "other");
		this.source.awaitWritten(0, first.written.size());
		await().until(() -> first.written.contains("other"));
		assertThat(first.written).hasSizeBetween(150, 230);
		first.ack(first.written.size());
		assertThat(other.await().tries()).isEqualTo(1);
		this.source.onWrite = (channel) -> this.executor.execute(() -> acknowledge(channel));
		first.ackUpTo(first.written.size());
		for (Publication publication : held) {
			publication.await();
		}
		List<String> written = new ArrayList<>(first.written);
		written.addAll(this.source.channels.get(1).written);
		written.removeAll(List.of("first", "other"));
		assertThat(written).containsExactlyElementsOf(IntStream.range(0, 999).mapToObj(Integer::toString).toList());
	}

	@Test
	void lateDestinationTakesNoRoomFromOthers() throws Exception {
		this.publisher = publisher(3, null);
		submitTo("late", "1");
		submitTo("late", "2");
		submitTo("other", "3");
		this.source.awaitWritten(0, 3).ack(3);
		await().until(() -> this.source.channels.size() == 2);
		submitTo("late", "4");
		Publication noRoom = new Publication("", "late", true,
				new AMQP.BasicProperties.Builder().messageId("5").build(), 0, new byte[10], true,
				System.nanoTime() + Duration.ofMillis(200).toNanos(), null);
		this.publisher.submit(noRoom);
		assertOutcome(noRoom, PublishOutcome.NOT_SENT, "unconfirmed already");
		for (int i = 6; i < 9; i++) {
			submitTo("other", "" + i);
		}
		this.source.awaitWritten(0, 4);
	}

	@Test
	void whatALateDestinationHeldBackFollowsWhatWasLostBeforeIt() throws Exception {
		submitTo("late", "1");
		submitTo("other", "2");
		FakeChannel first = this.source.awaitWritten(0, 2);
		first.ack(2);
		await().until(() -> this.source.channels.size() == 2);
		submitTo("late", "3");
		await().during(Duration.ofMillis(100)).until(() -> first.written.size() == 2);
		this.source.channels.get(1).lose();
		first.lose();
		this.source.awaitWritten(2, 2);
		assertThat(this.source.channels.get(2).written).containsExactly("1", "3");
	}

	@Test
	void brokerThatConfirmsSlowlyButSteadilyKeepsItsChannel() throws Exception {
		this.publisher = impatient(Duration.ofSeconds(2));
		for (int i = 1; i <= 7; i++) {
			submit("" + i);
		}
		FakeChannel channel = this.source.awaitWritten(0, 7);
		for (int i = 1; i <= 7; i++) {
			await().during(Duration.ofMillis(500)).until(() -> this.source.channels.size() == 1);
			channel.ack(i);
		}
		assertThat(this.source.failures).isEmpty();
	}

	@Test
	void callerWritesItselfWhatTheSocketTakesForSure() throws Exception {
		submit("1");
		this.source.awaitWritten(0, 1).ack(1);
		submitWhenIdle("2", 100);
		this.source.awaitWritten(0, 2).ack(2);
		submitWhenIdle("3", 1_000_000);
		FakeChannel channel = this.source.awaitWritten(0, 3);
		assertThat(channel.writers).containsExactly("failover-publisher", Thread.currentThread().getName(),
				"failover-publisher");
	}

	@Test
	void brokerThatReadsNothingHoldsNoCallerUp() throws Exception {
		CountDownLatch thawed = new CountDownLatch(1);
		this.source.onWrite = (channel) -> awaitUninterruptibly(thawed);
		Publication large = publication("1", true, Duration.ofMillis(300), 1_000_000);
		this.publisher.submit(large);
		this.source.awaitWritten(0, 1);
		Publication small = submit("2", true, Duration.ofMillis(300));
		assertOutcome(small, PublishOutcome.NOT_SENT, "not sent in time");
		assertOutcome(large, PublishOutcome.UNKNOWN, "not confirmed in time");
		thawed.countDown();
	}

	@Test
	void unconfirmedMessagesUseTheSocketUpAlsoWhenTheirTimeIsOver() {
		submit("1");
		this.source.awaitWritten(0, 1);
		for (int i = 2; i <= 51; i++) {
			submitWhenIdle("" + i, 1000).expire();
		}
		FakeChannel channel = this.source.channels.get(0);
		assertThat(channel.written).hasSize(51);
		assertThat(channel.writers).endsWith("failover-publisher")
			.filteredOn("failover-publisher"::equals)
			.hasSizeBetween(35, 50);
	}

	@Test
	void messagesOfEachOfSeveralProducersKeepTheirOrder() throws Exception {
		int producers = 8;
		int each = 200;
		this.publisher = publisher(16, null);
		this.source.onWrite = (channel) -> this.executor.execute(() -> acknowledge(channel));
		List<Future<List<Publication>>> running = new ArrayList<>();
		for (int producer = 0; producer < producers; producer++) {
			String prefix = producer + "-";
			running
				.add(this.executor.submit(() -> IntStream.range(0, each).mapToObj((i) -> submit(prefix + i)).toList()));
		}
		for (Future<List<Publication>> done : running) {
			for (Publication publication : done.get(30, TimeUnit.SECONDS)) {
				publication.await();
			}
		}
		List<String> written = this.source.channels.get(0).written;
		assertThat(written).hasSize(producers * each);
		for (int producer = 0; producer < producers; producer++) {
			String prefix = producer + "-";
			assertThat(written.stream().filter((id) -> id.startsWith(prefix)))
				.containsExactlyElementsOf(IntStream.range(0, each).mapToObj((i) -> prefix + i).toList());
		}
	}

	@Test
	void whatHasBecomeOfMessagesInFlightIsToldWhenAllHaveEnded() throws Exception {
		submit("1");
		submit("2", false, LONG);
		submit("3");
		this.source.awaitWritten(0, 3).lose();
		FakeChannel next = this.source.awaitWritten(1, 2);
		assertThat(this.source.replays).isEmpty();
		next.ackUpTo(2);
		await().untilAsserted(() -> assertThat(this.source.replays).containsExactly("2 of 3"));
	}

	@Test
	void closeDuringAnOutageEndsEverythingThatIsUnderWay() throws Exception {
		this.publisher = new ConfirmedPublisher(this.source,
				new PublishSettings(Duration.ofSeconds(5), 3, Duration.ofMillis(100)), null);
		Publication rejected = submit("rejected");
		Publication lost = submit("lost");
		FakeChannel channel = this.source.awaitWritten(0, 2);
		this.source.refusing = true;
		channel.nack(1);
		channel.lose();
		Publication queued = submit("queued");
		Publication late = publication("late", true, LONG, 10);
		Future<?> waiting = this.executor.submit(() -> this.publisher.submit(late));
		await().during(Duration.ofMillis(50)).until(() -> !waiting.isDone());
		this.publisher.close();
		assertOutcome(rejected, PublishOutcome.UNKNOWN, "shut down");
		assertOutcome(lost, PublishOutcome.UNKNOWN, "shut down");
		assertOutcome(queued, PublishOutcome.NOT_SENT, "shut down");
		// whether it got the room of one that has ended is open
		assertOutcome(late, PublishOutcome.NOT_SENT, "message late");
		assertOutcome(submit("afterwards"), PublishOutcome.NOT_SENT, "The publisher is closed");
		await().until(() -> Thread.getAllStackTraces()
			.keySet()
			.stream()
			.noneMatch((thread) -> thread.getName().equals("failover-publisher")));
	}

	private ConfirmedPublisher publisher(int maxInFlight, Integer maxRetries) {
		return new ConfirmedPublisher(this.source,
				new PublishSettings(Duration.ofSeconds(20), maxInFlight, Duration.ZERO), maxRetries);
	}

	private ConfirmedPublisher impatient(Duration confirmTimeout) {
		return new ConfirmedPublisher(this.source, new PublishSettings(confirmTimeout, 10, Duration.ZERO), null);
	}

	private Publication submitTo(String queue, String id) {
		Publication publication = new Publication("", queue, true,
				new AMQP.BasicProperties.Builder().messageId(id).build(), 0, new byte[10], true,
				System.nanoTime() + LONG.toNanos(), null);
		this.publisher.submit(publication);
		return publication;
	}

	private Publication submit(String id) {
		return submit(id, true, LONG);
	}

	private Publication submit(String id, boolean idempotent, Duration within) {
		Publication publication = publication(id, idempotent, within, 10);
		this.publisher.submit(publication);
		return publication;
	}

	/**
	 * Have messages wait for a channel, and then written to one.
	 */
	private Batch submitBatch(int count) {
		Batch batch = (this.source.batch instanceof Batch known) ? known : new Batch(0);
		Consumer<FakeChannel> onWrite = this.source.onWrite;
		this.source.batch = batch;
		this.source.onWrite = onWrite.andThen((channel) -> batch.log.add("written"));
		this.source.refusing = true;
		for (int i = 1; i <= count; i++) {
			submit("" + i);
		}
		this.source.accept();
		return batch;
	}

	/**
	 * Submit a message when the thread of the publisher has nothing to do, and wait until
	 * it is written. The id is its number, from 1.
	 */
	private Publication submitWhenIdle(String id, int size) {
		await().pollInterval(Duration.ofMillis(1))
			.until(() -> Thread.getAllStackTraces()
				.keySet()
				.stream()
				.filter((thread) -> thread.getName().equals("failover-publisher"))
				.allMatch((thread) -> thread.getState() == Thread.State.TIMED_WAITING));
		Publication publication = publication(id, true, LONG, size);
		this.publisher.submit(publication);
		this.source.awaitWritten(0, Integer.parseInt(id));
		return publication;
	}

	private static Publication publication(String id, int headerSize) {
		return new Publication("", "queue", true, new AMQP.BasicProperties.Builder().messageId(id).build(), headerSize,
				new byte[10], true, System.nanoTime() + LONG.toNanos(), null);
	}

	private static Publication publication(String id, boolean idempotent, Duration within, int size) {
		return new Publication("", "queue", true, new AMQP.BasicProperties.Builder().messageId(id).build(), 0,
				new byte[size], idempotent, System.nanoTime() + within.toNanos(), null);
	}

	private static void assertOutcome(Publication publication, PublishOutcome outcome, String text) {
		CompletableFuture<Confirmation> result = publication.result();
		assertThat(result).failsWithin(Duration.ofSeconds(10))
			.withThrowableThat()
			.havingCause()
			.isInstanceOfSatisfying(PublishException.class, (ex) -> {
				assertThat(ex).hasMessageContaining(text);
				assertThat(ex.getOutcome()).isEqualTo(outcome);
				assertThat(ex.getMessageId()).isEqualTo(publication.messageId());
			});
	}

	private static void reject(FakeChannel channel, long tag) {
		CompletableFuture.runAsync(() -> {
			try {
				channel.nack(tag);
			}
			catch (IOException ex) {
				throw new IllegalStateException(ex);
			}
		});
	}

	private static void acknowledge(FakeChannel channel) {
		try {
			channel.ackUpTo(channel.written.size());
		}
		catch (IOException ex) {
			throw new IllegalStateException(ex);
		}
	}

	private static void awaitUninterruptibly(CountDownLatch latch) {
		boolean interrupted = false;
		while (latch.getCount() > 0) {
			try {
				latch.await();
			}
			catch (InterruptedException ex) {
				interrupted = true;
			}
		}
		if (interrupted) {
			Thread.currentThread().interrupt();
		}
	}

	/**
	 * Notes what is written in a batch.
	 */
	private static final class Batch implements WriteBatch {

		private final List<String> log = new CopyOnWriteArrayList<>();

		private final AtomicInteger failures;

		Batch(int failures) {
			this.failures = new AtomicInteger(failures);
		}

		@Override
		public void begin() {
			this.log.add("begin");
		}

		@Override
		public void end() throws IOException {
			this.log.add("end");
			if (this.failures.getAndDecrement() > 0) {
				throw new IOException("the connection is lost");
			}
		}

	}

	/**
	 * Work on a thread that is interrupted while it waits.
	 */
	private static final class Interrupted {

		private final Thread thread;

		private volatile boolean flag;

		Interrupted(Runnable work) {
			this.thread = new Thread(() -> {
				work.run();
				this.flag = Thread.currentThread().isInterrupted();
			});
			this.thread.start();
		}

		void interrupt() throws InterruptedException {
			await().until(() -> this.thread.getState() == Thread.State.TIMED_WAITING);
			this.thread.interrupt();
			this.thread.join(10_000);
		}

		boolean keptFlag() {
			return this.flag;
		}

	}

}
