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
import java.util.HashSet;
import java.util.List;
import java.util.Set;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.ShutdownSignalException;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Tests for {@link PublishMistake}, and for when the mistake is known.
 */
class PublishMistakeTests {

	private final FakeSource source = new FakeSource();

	private final Set<String> confirmed = new HashSet<>();

	private final List<Publication> denied = new ArrayList<>();

	@Test
	void mistakeIsKnownBeforeTheListenersOfTheChannelAreTold() {
		ConfirmedPublisher publisher = new ConfirmedPublisher(this.source, PublishSettings.DEFAULTS, null);
		this.source.onWrite = (channel) -> channel.refuse(refusal());
		Publication message = publication("1");
		publisher.submit(message);
		assertThat(message.result()).failsWithin(Duration.ofSeconds(10))
			.withThrowableThat()
			.havingCause()
			.isInstanceOfSatisfying(PublishException.class, (ex) -> {
				assertThat(ex).hasMessageContaining("The broker refused the message: ACCESS_REFUSED");
				assertThat(ex.getOutcome()).isEqualTo(PublishOutcome.NOT_SENT);
			});
		assertThat(message.tries()).isEqualTo(1);
		publisher.close();
	}

	@Test
	void messageThatWasNotWrittenIsAboveSuspicion() throws Exception {
		PublishChannel channel = new PublishChannel(this.source.open(), this.confirmed, (rejected) -> {
		}, () -> {
		}, Runnable::run, new ConfirmTimes());
		Publication written = publication("1");
		channel.publish(written);
		this.source.channels.get(0).refuse(refusal());
		Publication unwritten = publication("2");
		assertThatExceptionOfType(AlreadyClosedException.class).isThrownBy(() -> channel.publish(unwritten));
		assertThat(PublishMistake.sort(List.of(written, unwritten), channel, this.denied::add))
			.containsExactly(unwritten);
		assertThat(written.result()).isCompletedExceptionally();
		assertThat(PublishMistake.sort(List.of(unwritten), channel, this.denied::add)).containsExactly(unwritten);
		assertThat(unwritten.isSuspect()).isFalse();
	}

	@Test
	void permissionThatTheUserHadBeforeIsWaitedFor() throws Exception {
		this.confirmed.add("internal");
		Publication message = refusedPublication("access to exchange 'internal' in vhost '/' refused for user 'app'");
		assertThat(this.denied).containsExactly(message);
		assertThat(message.result()).isNotDone();
		assertThat(message.refusal()).contains("refused for user");
	}

	@Test
	void permissionThatTheUserNeverHadIsAMistake() throws Exception {
		this.confirmed.add("other");
		Publication message = refusedPublication("access to exchange 'internal' in vhost '/' refused for user 'app'");
		assertThat(this.denied).isEmpty();
		assertThat(message.result()).isCompletedExceptionally();
	}

	@Test
	void whatIsRefusedForAnotherReasonIsAMistakeEverAfter() throws Exception {
		this.confirmed.add("internal");
		Publication message = refusedPublication("cannot publish to internal exchange 'internal' in vhost '/'");
		assertThat(this.denied).isEmpty();
		assertThat(message.result()).isCompletedExceptionally();
	}

	private Publication refusedPublication(String text) throws Exception {
		PublishChannel channel = new PublishChannel(this.source.open(), this.confirmed, (rejected) -> {
		}, () -> {
		}, Runnable::run, new ConfirmTimes());
		Publication message = publication("1");
		channel.publish(message);
		this.source.channels.get(0)
			.refuse(new ShutdownSignalException(false, false,
					new AMQP.Channel.Close.Builder().replyCode(AMQP.ACCESS_REFUSED)
						.replyText("ACCESS_REFUSED - " + text)
						.build(),
					null));
		assertThat(PublishMistake.sort(List.of(message), channel, this.denied::add)).isEmpty();
		return message;
	}

	/**
	 * The connection is closed for what somebody else did, as the broker says.
	 */
	@Test
	void noMessageIsGuiltyOfAnotherOperation() throws Exception {
		Publication message = publication("1");
		for (int i = 0; i < 3; i++) {
			PublishChannel closed = closedConnection(message, AMQP.INTERNAL_ERROR, 50, 10);
			assertThat(PublishMistake.sort(List.of(message), closed, this.denied::add)).containsExactly(message);
			assertThat(message.isSuspect()).isFalse();
		}
	}

	@Test
	void messageThatHasTheConnectionClosedTwiceIsNamed() throws Exception {
		Publication message = publication("1");
		for (int i = 0; i < 2; i++) {
			PublishMistake.sort(List.of(message), closedConnection(message, AMQP.INTERNAL_ERROR, 60, 40),
					this.denied::add);
		}
		assertThat(message.result()).failsWithin(Duration.ZERO)
			.withThrowableThat()
			.withMessageContaining("exchange 'internal', routing key ''");
	}

	/**
	 * The connection may have been closed for what was done on another channel of it.
	 */
	@Test
	void onlyMessageForWhichTheConnectionIsClosedIsGuiltyTheSecondTime() throws Exception {
		Publication message = publication("1");
		assertThat(PublishMistake.sort(List.of(message), closedConnection(message), this.denied::add))
			.containsExactly(message);
		assertThat(message.result()).isNotDone();
		assertThat(message.isSuspect()).isTrue();
		assertThat(PublishMistake.sort(List.of(message), closedConnection(message), this.denied::add)).isEmpty();
		assertThat(message.result()).isCompletedExceptionally();
	}

	private PublishChannel closedConnection(Publication written) throws Exception {
		return closedConnection(written, AMQP.NOT_IMPLEMENTED, 60, 40);
	}

	private PublishChannel closedConnection(Publication written, int code, int classId, int methodId) throws Exception {
		PublishChannel channel = new PublishChannel(this.source.open(), this.confirmed, (rejected) -> {
		}, () -> {
		}, Runnable::run, new ConfirmTimes());
		channel.publish(written);
		this.source.channels.get(this.source.channels.size() - 1)
			.refuse(new ShutdownSignalException(true, false,
					new AMQP.Connection.Close.Builder().replyCode(code)
						.replyText("closed by the test")
						.classId(classId)
						.methodId(methodId)
						.build(),
					null));
		return channel;
	}

	private static Publication publication(String id) {
		return new Publication("internal", "", true, new AMQP.BasicProperties.Builder().messageId(id).build(), 0,
				new byte[10], true, System.nanoTime() + Duration.ofSeconds(20).toNanos(), null);
	}

	private static ShutdownSignalException refusal() {
		return new ShutdownSignalException(false, false,
				new AMQP.Channel.Close.Builder().replyCode(AMQP.ACCESS_REFUSED)
					.replyText("ACCESS_REFUSED - cannot publish to internal exchange 'internal' in vhost '/'")
					.build(),
				null);
	}

}
