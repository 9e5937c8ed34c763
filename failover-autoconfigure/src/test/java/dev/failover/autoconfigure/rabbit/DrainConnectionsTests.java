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

package dev.failover.autoconfigure.rabbit;

import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Collectors;

import com.rabbitmq.client.Channel;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.amqp.rabbit.connection.RabbitUtils;
import org.springframework.boot.amqp.autoconfigure.RabbitAutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

import dev.failover.autoconfigure.FailoverAutoConfiguration;
import dev.failover.broker.Brokers;
import dev.failover.listener.DrainConnections;
import dev.failover.test.EmbeddedBroker;

import static org.awaitility.Awaitility.await;

/**
 * Tests for the {@link DrainConnections} of {@link FailoverRabbitAutoConfiguration}.
 */
class DrainConnectionsTests {

	private final ApplicationContextRunner runner = new ApplicationContextRunner().withConfiguration(AutoConfigurations
		.of(FailoverAutoConfiguration.class, FailoverRabbitAutoConfiguration.class, RabbitAutoConfiguration.class));

	@Test
	void threadsEndWithTheConnectionFactory() {
		try (EmbeddedBroker broker = EmbeddedBroker.builder().start()) {
			// with returns as in Spring, channels are closed on threads of the factory
			this.runner.withPropertyValues("failover.brokers=" + broker.uri(), "spring.rabbitmq.publisher-returns=true")
				.run((context) -> {
					Set<Thread> before = deferred();
					CachingConnectionFactory factory = context.getBean(DrainConnections.class)
						.create(context.getBean(Brokers.class).getAll().get(0));
					Channel channel = factory.createConnection().createChannel(false);
					RabbitUtils.setPhysicalCloseRequired(channel, true);
					channel.close();
					Set<Thread> added = new HashSet<>(
							await().until(DrainConnectionsTests::deferred, (threads) -> !before.containsAll(threads)));
					added.removeAll(before);
					factory.destroy();
					await().atMost(Duration.ofSeconds(20)).until(() -> added.stream().noneMatch(Thread::isAlive));
				});
		}
	}

	private static Set<Thread> deferred() {
		return Thread.getAllStackTraces()
			.keySet()
			.stream()
			.filter((thread) -> thread.getName().startsWith("spring-rabbit-deferred-pool-"))
			.collect(Collectors.toSet());
	}

}
