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
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.Test;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

import dev.failover.broker.Brokers;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The first broker is frozen before the application starts: it accepts connections and
 * says nothing.
 */
@BrokerTest
class FrozenAtStartIntegrationTests {

	private static final String QUEUE = "orders";

	private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);

	@North
	private RabbitNode first;

	@South
	private RabbitNode second;

	@Test
	void nextBrokerIsTriedAfterTheRaceDelay() {
		assertThat(millisToFirstConfirm("250ms")).isLessThan(CONNECT_TIMEOUT.toMillis() / 2);
	}

	@Test
	void withoutARaceTheNextBrokerIsTriedAfterTheConnectTimeOut() {
		assertThat(millisToFirstConfirm("0ms")).isGreaterThanOrEqualTo(CONNECT_TIMEOUT.toMillis());
	}

	private long millisToFirstConfirm(String raceDelay) {
		new QueueOnBroker(this.second, QUEUE).declare();
		this.first.freeze();
		try (ConfigurableApplicationContext context = Applications.run(Publishing.class,
				Applications.brokers(this.first, this.second),
				"failover.connect.timeout=" + CONNECT_TIMEOUT.toMillis() + "ms",
				"failover.connect.race-delay=" + raceDelay)) {
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			long start = System.nanoTime();
			template.convertAndSend(QUEUE, "first");
			long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
			assertThat(context.getBean(Brokers.class).getActive().port()).isEqualTo(this.second.port());
			return millis;
		}
		finally {
			this.first.thaw();
		}
	}

	@Configuration(proxyBeanMethods = false)
	static class Publishing {

	}

}
