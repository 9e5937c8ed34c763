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
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.amqp.AmqpException;
import org.springframework.amqp.rabbit.connection.ConnectionListener;

import dev.failover.broker.Broker;
import dev.failover.ensure.EnsurePolicy;
import dev.failover.test.EmbeddedBroker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * Messages that are sent by code that runs while a connection is opened, which the
 * publisher waits for.
 */
@Timeout(50)
class SendWhileConnectingTests {

	private static final Duration SOON = Duration.ofSeconds(20);

	private final List<EmbeddedBroker> embedded = new ArrayList<>();

	private final List<Throwable> failures = new CopyOnWriteArrayList<>();

	private PublishingFixture fixture;

	private FailoverTemplate template;

	@BeforeEach
	void start() {
		for (String name : List.of("one", "two")) {
			EmbeddedBroker broker = EmbeddedBroker.builder().name(name).start();
			this.embedded.add(broker);
			try (PublishingFixture single = new PublishingFixture(List.of(broker))) {
				FailoverTemplate declaring = single.template(PublishSettings.DEFAULTS);
				declaring.execute((channel) -> channel.queueDeclare("presence", true, false, false, null));
				declaring.execute((channel) -> channel.queueDeclare("work", true, false, false, null));
				declaring.destroy();
			}
		}
		this.fixture = new PublishingFixture(this.embedded);
		this.template = this.fixture.template(PublishSettings.DEFAULTS);
	}

	@AfterEach
	void stop() {
		this.template.destroy();
		this.fixture.close();
		this.embedded.forEach(EmbeddedBroker::close);
	}

	@Test
	void messageOfAConnectionListenerGoesOut() {
		onCreate(() -> this.template.convertAndSend("", "presence", "here"));
		within(SOON, () -> {
			for (int i = 0; i < 3; i++) {
				this.template.convertAndSend("", "work", i);
			}
		});
		assertThat(this.failures).isEmpty();
		assertThat(count("presence")).isPositive();
		assertThat(count("work")).isEqualTo(3);
	}

	@Test
	void asynchronousMessageOfAConnectionListenerIsConfirmedWhileItWaits() {
		onCreate(() -> this.template.convertAndSendAsync("", "presence", "here").join());
		within(SOON, () -> this.template.convertAndSend("", "work", "1"));
		assertThat(this.failures).isEmpty();
		assertThat(count("presence")).isPositive();
	}

	@Test
	void messageOfAConnectionListenerGoesOutInEnsuredWork() {
		onCreate(() -> this.template.ensure(EnsurePolicy.DEFAULT, () -> {
			this.template.convertAndSend("", "presence", "here");
			return null;
		}));
		within(SOON, () -> this.template.ensure(EnsurePolicy.DEFAULT, () -> {
			this.template.convertAndSend("", "work", "1");
			return null;
		}));
		assertThat(this.failures).isEmpty();
		assertThat(count("presence")).isPositive();
	}

	@Test
	void messageOfAConnectionListenerGoesOutWhoeverOpensTheConnection() {
		onCreate(() -> this.template.convertAndSend("", "presence", "here"));
		within(SOON, () -> this.fixture.connectionFactory.createConnection().close());
		within(SOON, () -> this.fixture.connectionFactory.getPublisherConnectionFactory().createConnection().close());
		assertThat(this.failures).isEmpty();
		assertThat(count("presence")).isEqualTo(2);
		within(SOON, () -> this.template.convertAndSend("", "work", "1"));
		assertThat(this.fixture.nativeFactory.isOpening()).isFalse();
	}

	@Test
	void messageOfAConnectionListenerGoesOutAtAFailover() {
		onCreate(() -> this.template.convertAndSend("", "presence", "here"));
		this.template.convertAndSend("", "work", "1");
		Broker first = this.fixture.brokers.getActive();
		EmbeddedBroker active = this.embedded.get(first.name().equals("one") ? 0 : 1);
		active.kill();
		within(SOON, () -> this.template.convertAndSend("", "work", "2"));
		assertThat(this.fixture.brokers.getActive()).isNotEqualTo(first);
		await().untilAsserted(() -> assertThat(count("presence")).isPositive());
		assertThat(this.failures).isEmpty();
	}

	@Test
	void messageOfAConnectionListenerIsReturned() {
		onCreate(() -> this.template.convertAndSend("", "nowhere", "here"));
		assertThatExceptionOfType(AmqpException.class)
			.isThrownBy(() -> this.fixture.connectionFactory.createConnection());
		assertThat(this.failures).hasAtLeastOneElementOfType(MessageReturnedException.class);
	}

	@Test
	void messageOfAConnectionListenerIsRefusedForAMissingExchange() {
		onCreate(() -> this.template.convertAndSend("missing", "", "here"));
		assertThatExceptionOfType(AmqpException.class)
			.isThrownBy(() -> this.fixture.connectionFactory.createConnection());
		assertThat(this.failures).isNotEmpty()
			.first()
			.isInstanceOfSatisfying(PublishException.class,
					(ex) -> assertThat(ex).hasMessageContaining("The broker refused the message"));
	}

	@Test
	void messageOfAPreparerGoesOut() {
		this.fixture.nativeFactory.addPreparer((connection) -> {
			try {
				this.template.convertAndSend("", "presence", connection.broker().name());
			}
			catch (RuntimeException ex) {
				this.failures.add(ex);
				throw new IOException(ex);
			}
		});
		within(SOON, () -> this.template.convertAndSend("", "work", "1"));
		assertThat(this.failures).isEmpty();
		assertThat(count("presence")).isPositive();
	}

	/**
	 * There is no connection yet that the message could go out on.
	 */
	@Test
	void messageThatIsSentWhenNoBrokerCanBeConnectedToFailsAtOnce() {
		this.embedded.forEach(EmbeddedBroker::kill);
		this.fixture.connectionFactory.addConnectionListener(new ConnectionListener() {

			@Override
			public void onCreate(org.springframework.amqp.rabbit.connection.Connection connection) {
			}

			@Override
			public void onFailed(Exception exception) {
				note(() -> SendWhileConnectingTests.this.template.convertAndSend("", "presence", "not here"));
			}

		});
		assertThatExceptionOfType(AmqpException.class)
			.isThrownBy(() -> this.fixture.connectionFactory.createConnection());
		assertThat(this.failures).singleElement().isInstanceOfSatisfying(PublishException.class, (ex) -> {
			assertThat(ex).hasMessageContaining("sent while a connection is opened");
			assertThat(ex.getOutcome()).isEqualTo(PublishOutcome.NOT_SENT);
		});
	}

	private void onCreate(Runnable sending) {
		this.fixture.connectionFactory.addConnectionListener((connection) -> note(sending));
	}

	private void note(Runnable sending) {
		try {
			sending.run();
		}
		catch (RuntimeException | Error ex) {
			this.failures.add(ex);
			throw ex;
		}
	}

	private static void within(Duration limit, Runnable work) {
		long begun = System.nanoTime();
		work.run();
		assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(limit);
	}

	private long count(String queue) {
		return this.template.<Long>execute((channel) -> channel.messageCount(queue));
	}

}
