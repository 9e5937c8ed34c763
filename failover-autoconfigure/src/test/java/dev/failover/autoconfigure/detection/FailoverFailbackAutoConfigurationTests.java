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

package dev.failover.autoconfigure.detection;

import java.time.Duration;

import org.junit.jupiter.api.Test;
import org.springframework.boot.amqp.autoconfigure.RabbitAutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.test.util.ReflectionTestUtils;

import dev.failover.autoconfigure.FailoverAutoConfiguration;
import dev.failover.autoconfigure.rabbit.FailoverRabbitAutoConfiguration;
import dev.failover.broker.Brokers;
import dev.failover.connection.FailoverConnectionFactory;
import dev.failover.connection.PlannedMoves;
import dev.failover.detection.Failback;
import dev.failover.strategy.PriorityStrategy;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for the beans of planned moves and fail-back.
 */
class FailoverFailbackAutoConfigurationTests {

	private final ApplicationContextRunner runner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(SslAutoConfiguration.class, RabbitAutoConfiguration.class,
				FailoverAutoConfiguration.class, FailoverRabbitAutoConfiguration.class,
				FailoverDetectionAutoConfiguration.class))
		.withPropertyValues("failover.brokers=amqp://localhost:1;amqp://localhost:2");

	@Test
	void goesBackAndMovesByDefault() {
		this.runner.run((context) -> {
			assertThat(context).hasSingleBean(Failback.class).hasSingleBean(PlannedMoves.class);
			assertThat(grace(context.getBean(Failback.class))).isEqualTo(Duration.ofSeconds(30));
			assertThat(ReflectionTestUtils.getField(context.getBean(PlannedMoves.class), "timeout"))
				.isEqualTo(Duration.ofSeconds(10));
		});
	}

	@Test
	void takesTheProperties() {
		this.runner
			.withPropertyValues("failover.failback.grace=5s", "failover.move.timeout=3s", "failover.strategy=priority")
			.run((context) -> {
				assertThat(grace(context.getBean(Failback.class))).isEqualTo(Duration.ofSeconds(5));
				assertThat(context.getBean(FailoverConnectionFactory.class).getStrategy())
					.isInstanceOf(PriorityStrategy.class);
				assertThat(ReflectionTestUtils.getField(context.getBean(PlannedMoves.class), "timeout"))
					.isEqualTo(Duration.ofSeconds(3));
			});
	}

	@Test
	void refusesTimesThatCannotBe() {
		this.runner.withPropertyValues("failover.failback.grace=-1s")
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.hasMessageContaining("failover.failback.grace"));
		this.runner.withPropertyValues("failover.move.timeout=0s")
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.hasMessageContaining("failover.move.timeout"));
	}

	@Test
	void doesNotGoBackIfThatIsSwitchedOff() {
		this.runner.withPropertyValues("failover.failback.enabled=false")
			.run((context) -> assertThat(context).doesNotHaveBean(Failback.class).hasSingleBean(PlannedMoves.class));
		this.runner.withPropertyValues("failover.enabled=false")
			.run((context) -> assertThat(context).doesNotHaveBean(Failback.class).doesNotHaveBean(PlannedMoves.class));
	}

	@Test
	void leavesTheUsersBeansAlone() {
		this.runner.withUserConfiguration(Own.class)
			.run((context) -> assertThat(context).hasSingleBean(Failback.class)
				.hasBean("ownFailback")
				.hasSingleBean(PlannedMoves.class)
				.hasBean("ownMoves"));
	}

	private static Object grace(Failback failback) {
		return ReflectionTestUtils.getField(failback, "grace");
	}

	@Configuration(proxyBeanMethods = false)
	static class Own {

		@Bean
		PlannedMoves ownMoves(Brokers brokers, FailoverConnectionFactory factory) {
			return new PlannedMoves(brokers, factory.getBrokerAccess(), Duration.ofSeconds(1));
		}

		@Bean
		Failback ownFailback(Brokers brokers, PlannedMoves moves) {
			return new Failback(brokers, new PriorityStrategy()::isPreferred, moves, Duration.ofSeconds(1));
		}

	}

}
