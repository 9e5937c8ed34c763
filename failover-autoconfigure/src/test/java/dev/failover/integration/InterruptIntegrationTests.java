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

package dev.failover.integration;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.amqp.AmqpException;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

import dev.failover.broker.Brokers;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.EmbeddedBroker;
import dev.failover.test.junit.BrokerTest;
import dev.failover.test.junit.Embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Callers that wait for a broker while there is none, and are interrupted: each wait ends
 * at once, long before its deadline.
 */
@BrokerTest
class InterruptIntegrationTests {

	private static final String QUEUE = "orders";

	private static final Duration AT_ONCE = Duration.ofSeconds(10);

	@Embedded
	private EmbeddedBroker first;

	@Embedded
	private EmbeddedBroker second;

	private ConfigurableApplicationContext context;

	@BeforeEach
	void loseAllBrokers() {
		new QueueOnBroker(this.first, QUEUE).declare();
		new QueueOnBroker(this.second, QUEUE).declare();
		this.context = Applications.run(Application.class, Applications.brokers(this.first, this.second),
				"failover.publish.max-in-flight=1", "failover.shutdown-timeout=1s");
		this.context.getBean(FailoverTemplate.class).convertAndSend(QUEUE, "before");
		this.first.kill();
		this.second.kill();
		await().atMost(AT_ONCE).until(() -> this.context.getBean(Brokers.class).getActive() == null);
	}

	@AfterEach
	void close() {
		this.context.close();
	}

	@ParameterizedTest
	@EnumSource
	void waitEndsAtOnceWithAnExceptionAndTheFlagSet(Wait wait) throws Exception {
		FailoverTemplate template = this.context.getBean(FailoverTemplate.class);
		wait.prepare.accept(template);
		AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
		AtomicBoolean flag = new AtomicBoolean();
		Thread caller = new Thread(() -> {
			try {
				wait.call.accept(template);
			}
			catch (Throwable ex) {
				thrown.set(ex);
			}
			flag.set(Thread.currentThread().isInterrupted());
		}, "caller");
		caller.start();
		await().atMost(AT_ONCE).until(caller::getState, Thread.State.TIMED_WAITING::equals);
		caller.interrupt();
		caller.join(AT_ONCE.toMillis());
		assertThat(caller.isAlive()).isFalse();
		assertThat(thrown.get()).isInstanceOf(AmqpException.class);
		assertThat(flag).isTrue();
	}

	enum Wait {

		CONFIRM((template) -> {
		}, (template) -> template.convertAndSend(QUEUE, "order")),

		ROOM((template) -> template.convertAndSendAsync("", QUEUE, "order"),
				(template) -> template.convertAndSend(QUEUE, "another order")),

		ENSURE((template) -> {
		}, (template) -> template.execute((channel) -> channel.queueDeclarePassive(QUEUE))),

		RECEIVE((template) -> {
		}, (template) -> template.receive(QUEUE, 1000));

		private final Consumer<FailoverTemplate> prepare;

		private final Consumer<FailoverTemplate> call;

		Wait(Consumer<FailoverTemplate> prepare, Consumer<FailoverTemplate> call) {
			this.prepare = prepare;
			this.call = call;
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Application {

	}

}
