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

package dev.failover.autoconfigure;

import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.amqp.autoconfigure.RabbitAutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.event.EventListener;

import dev.failover.autoconfigure.rabbit.FailoverRabbitAutoConfiguration;
import dev.failover.broker.Broker;
import dev.failover.broker.BrokerEvent;
import dev.failover.broker.BrokerState;
import dev.failover.broker.Brokers;
import dev.failover.broker.FailureReason;
import dev.failover.broker.RecoveryPolicy;
import dev.failover.test.EmbeddedBroker;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for the events and the log of {@link FailoverAutoConfiguration}, and for starts
 * that need brokers.
 */
@ExtendWith(OutputCaptureExtension.class)
class FailoverAutoConfigurationTests {

	private final ApplicationContextRunner runner = new ApplicationContextRunner().withConfiguration(AutoConfigurations
		.of(FailoverAutoConfiguration.class, FailoverRabbitAutoConfiguration.class, RabbitAutoConfiguration.class));

	@Test
	void eventsArriveInOrderOnAThreadThatEndsWithTheContext() {
		Recorder recorder = new Recorder();
		this.runner.withBean("own", Recorder.class, () -> recorder)
			.withPropertyValues("failover.brokers=amqp://a;amqp://b")
			.run((context) -> {
				Brokers brokers = context.getBean(Brokers.class);
				Broker first = brokers.getAll().get(0);
				for (int i = 0; i < 50; i++) {
					brokers.connected(first, i);
					brokers.failed(first, i, FailureReason.CONNECTION_LOST, null);
				}
				Awaitility.await().until(() -> recorder.events.size() >= 200);
				assertThat(recorder.events).hasSize(200);
				for (int i = 0; i < 200; i += 4) {
					assertThat(recorder.events.subList(i, i + 4)).extracting((event) -> (Object) event.getClass())
						.containsExactly(BrokerEvent.StateChanged.class, BrokerEvent.Activated.class,
								BrokerEvent.StateChanged.class, BrokerEvent.Lost.class);
				}
				assertThat(recorder.threads).extracting(Thread::getName)
					.allMatch((it) -> it.startsWith("failover-events-"));
			});
		Awaitility.await()
			.atMost(Duration.ofSeconds(5))
			.untilAsserted(() -> assertThat(recorder.threads).noneMatch(Thread::isAlive));
	}

	@Test
	void refusedLoginOfABrokerThatIsDownAlreadyIsAnErrorOnce(CapturedOutput output) {
		this.runner.withPropertyValues("failover.brokers=amqp://u:secret@a;amqp://b").run((context) -> {
			Brokers brokers = context.getBean(Brokers.class);
			Broker first = brokers.getAll().get(0);
			brokers.failed(first, 0, FailureReason.UNREACHABLE, null);
			brokers.failed(first, 1, FailureReason.ACCESS_REFUSED, null);
			brokers.failed(first, 2, FailureReason.ACCESS_REFUSED, null);
		});
		assertThat(output.getAll().lines().filter((line) -> line.contains("ERROR"))).singleElement()
			.asString()
			.contains("a:5672")
			.contains("ACCESS_REFUSED");
		assertThat(output).doesNotContain("secret");
	}

	@Test
	void eventsOfTheUsersBrokersAreLoggedAndPublished(CapturedOutput output) {
		Recorder recorder = new Recorder();
		Broker only = Broker.of("own", "own.example.com", 5672);
		this.runner.withBean("recorder", Recorder.class, () -> recorder)
			.withBean("own", Brokers.class,
					() -> new Brokers(List.of(only), RecoveryPolicy.withSuccessThreshold(1), Clock.systemUTC()))
			.run((context) -> {
				context.getBean(Brokers.class).failed(only, 0, FailureReason.UNREACHABLE, null);
				Awaitility.await().untilAsserted(() -> assertThat(recorder.events).hasSize(1));
				assertThat(output).containsOnlyOnce("failed: UNREACHABLE");
			});
	}

	@Test
	void startsIfOneOrAllMustAnswerAndTheyDo() {
		try (EmbeddedBroker one = EmbeddedBroker.builder().start();
				EmbeddedBroker two = EmbeddedBroker.builder().start()) {
			ApplicationContextRunner both = this.runner
				.withPropertyValues("failover.brokers=" + one.uri() + ";" + two.uri());
			both.withPropertyValues("failover.startup=one").run((context) -> assertThat(context).hasNotFailed());
			both.withPropertyValues("failover.startup=all").run((context) -> {
				assertThat(context).hasNotFailed();
				assertThat(context.getBean(Brokers.class).getStatuses())
					.allMatch((status) -> status.state() == BrokerState.UP);
			});
			two.stop();
			both.withPropertyValues("failover.startup=one").run((context) -> assertThat(context).hasNotFailed());
			both.withPropertyValues("failover.startup=all")
				.run((context) -> assertThat(context).getFailure().hasStackTraceContaining(":" + two.port()));
		}
	}

	/**
	 * Application listener.
	 */
	static final class Recorder {

		private final List<BrokerEvent> events = new CopyOnWriteArrayList<>();

		private final List<Thread> threads = new CopyOnWriteArrayList<>();

		@EventListener
		void on(BrokerEvent event) {
			this.events.add(event);
			this.threads.add(Thread.currentThread());
		}

	}

}
