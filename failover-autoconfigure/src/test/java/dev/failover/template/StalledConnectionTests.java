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

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Command;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Tests for {@link ConfirmedPublisher} on a connection from which the broker, which the
 * test plays, reads nothing any more.
 */
@Timeout(60)
class StalledConnectionTests {

	private final FakeSource source = new FakeSource();

	private ConfirmedPublisher publisher = publisher(Duration.ofSeconds(20));

	@AfterEach
	void close() {
		this.publisher.close();
	}

	@Test
	void othersGoOnWithAnotherConnectionInTheirOrder() throws Exception {
		stall();
		Publication late = submitTo("late", "1", true);
		Publication confirmed = submitTo("other", "2", true);
		Publication heldUp = submitTo("other", "3", true);
		submitTo("another", "4", true);
		FakeChannel first = this.source.awaitWritten(0, 4);
		first.ack(2);
		FakeChannel second = this.source.awaitWritten(1, 2);
		Publication next = submitTo("other", "5", true);
		this.source.awaitWritten(1, 3);
		assertThat(this.source.apart).containsExactly(1);
		assertThat(second.written).containsExactly("3", "4", "5");
		second.ackUpTo(3);
		assertThat(heldUp.await().tries()).isEqualTo(2);
		assertThat(next.await().tries()).isEqualTo(1);
		assertThat(confirmed.await().tries()).isEqualTo(1);
		assertThat(first.written).hasSize(4);
		first.ack(1);
		assertThat(late.await().tries()).isEqualTo(1);
		assertThat(this.source.failures).isEmpty();
	}

	@Test
	void destinationsThatWereNotSeenThereDoNotTryIt() throws Exception {
		stall();
		submitTo("late", "1", true);
		submitTo("other", "2", true);
		FakeChannel first = this.source.awaitWritten(0, 2);
		first.ack(2);
		await().until(() -> this.source.channels.size() == 2);
		submitTo("new", "3", true);
		this.source.awaitWritten(1, 1);
		assertThat(first.written).containsExactly("1", "2");
	}

	@Test
	void messageThatMustNotBeSentTwiceIsWaitedFor() throws Exception {
		stall();
		submitTo("late", "1", true);
		Publication once = submitTo("other", "2", false);
		submitTo("another", "3", true);
		FakeChannel first = this.source.awaitWritten(0, 3);
		first.ack(3);
		await().until(() -> this.source.channels.size() == 2);
		submitTo("another", "4", true);
		this.source.awaitWritten(1, 1);
		first.ack(2);
		assertThat(once.await().tries()).isEqualTo(1);
		assertThat(this.source.channels.get(1).written).containsExactly("4");
	}

	@Test
	void silenceTowardsSeveralDestinationsIsEnough() {
		stall();
		submitTo("one", "1", true);
		submitTo("other", "2", true);
		FakeChannel second = this.source.awaitWritten(1, 2);
		assertThat(this.source.apart).containsExactly(1);
		assertThat(second.written).containsExactly("1", "2");
	}

	@Test
	void nothingIsSentTwiceIfTheConnectionIsReadWhenAnotherOneIsOpen() throws Exception {
		stall();
		CompletableFuture<Command> answer = this.source.answer;
		this.source.onOpenApart = () -> answer.complete(null);
		submitTo("late", "1", true);
		submitTo("other", "2", true);
		Publication slow = submitTo("another", "3", true);
		FakeChannel first = this.source.awaitWritten(0, 3);
		first.ack(2);
		await().until(() -> this.source.channels.size() == 2);
		first.ack(3);
		assertThat(slow.await().tries()).isEqualTo(1);
		assertThat(this.source.channels.get(1).written).isEmpty();
	}

	@Test
	void destinationWithManyMessagesIsLateIfNothingWasConfirmed() {
		stall();
		IntStream.range(0, 40).forEach((i) -> submitTo("late", "" + i, true));
		submitTo("other", "other", true);
		FakeChannel second = this.source.awaitWritten(1, 1);
		assertThat(second.written).containsExactly("other");
	}

	@Test
	void brokerThatAnswersOnAnotherConnectionIsNotGivenUp() {
		this.publisher.close();
		this.publisher = publisher(Duration.ofMillis(200));
		stall();
		submitTo("late", "1", true);
		await().until(() -> this.source.channels.size() == 2);
		await().during(Duration.ofMillis(500)).until(this.source.failures::isEmpty);
	}

	@Test
	void brokerThatAnswersOnNoConnectionIsGivenUp() {
		this.publisher.close();
		this.publisher = publisher(Duration.ofMillis(200));
		stall();
		this.source.refusingApart = true;
		submitTo("late", "1", true);
		await().untilAsserted(() -> assertThat(this.source.failures).isNotEmpty());
	}

	/**
	 * As many as RabbitMQ reads on with, also if they come before anybody can know that
	 * the destination is late.
	 */
	@Test
	void unconfirmedMessagesAreBoundedFromTheFirstOneOn() throws Exception {
		List<Publication> all = IntStream.range(0, 900).mapToObj((i) -> submitTo("late", "" + i, true)).toList();
		await().until(() -> this.source.channels.size() == 2);
		FakeChannel first = this.source.channels.get(0);
		assertThat(first.written).hasSizeBetween(180, 200);
		first.ackUpTo(first.written.size());
		List<String> written = new ArrayList<>();
		await().until(() -> {
			for (FakeChannel channel : this.source.channels) {
				channel.ackUpTo(channel.written.size());
			}
			return all.stream().allMatch(Publication::isDone);
		});
		this.source.channels.forEach((channel) -> written.addAll(channel.written));
		assertThat(written).containsExactlyElementsOf(IntStream.range(0, 900).mapToObj(Integer::toString).toList());
	}

	/**
	 * Have the broker answer nothing on the first connection.
	 */
	private void stall() {
		this.source.answer = new CompletableFuture<>();
	}

	private ConfirmedPublisher publisher(Duration confirmTimeout) {
		return new ConfirmedPublisher(this.source, new PublishSettings(confirmTimeout, 1000, Duration.ZERO), null);
	}

	private Publication submitTo(String queue, String id, boolean idempotent) {
		Publication publication = new Publication("", queue, true,
				new AMQP.BasicProperties.Builder().messageId(id).build(), 0, new byte[10], idempotent,
				System.nanoTime() + TimeUnit.SECONDS.toNanos(30), null);
		this.publisher.submit(publication);
		return publication;
	}

}
