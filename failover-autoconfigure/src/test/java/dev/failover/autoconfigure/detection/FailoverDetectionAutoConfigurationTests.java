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

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.springframework.boot.amqp.autoconfigure.RabbitAutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

import dev.failover.autoconfigure.FailoverAutoConfiguration;
import dev.failover.autoconfigure.rabbit.FailoverRabbitAutoConfiguration;
import dev.failover.detection.BrokerDetector;
import dev.failover.detection.DetectionSettings;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link FailoverDetectionAutoConfiguration}.
 */
class FailoverDetectionAutoConfigurationTests {

	private static final Duration HALF_A_SECOND = Duration.ofMillis(500);

	private final ApplicationContextRunner runner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(FailoverAutoConfiguration.class, FailoverRabbitAutoConfiguration.class,
				FailoverDetectionAutoConfiguration.class, RabbitAutoConfiguration.class));

	@Test
	void brokersAreWatchedByDefault() {
		assertSettings(HALF_A_SECOND, HALF_A_SECOND, 2, Duration.ofSeconds(1));
	}

	@Test
	void brokersAreWatchedAsThePropertiesSay() {
		assertSettings(Duration.ofMillis(1), Duration.ofMillis(2), 3, Duration.ofMillis(4),
				"failover.detection.probe-interval=1ms", "failover.detection.probe-timeout=2ms",
				"failover.detection.failure-threshold=3", "failover.detection.blocked-grace=4ms");
	}

	@Test
	void blockedBrokersAreWaitedForIfWanted() {
		assertSettings(HALF_A_SECOND, HALF_A_SECOND, 2, null, "failover.detection.on-blocked=wait");
	}

	private void assertSettings(Duration interval, Duration timeout, int threshold, @Nullable Duration grace,
			String... properties) {
		this.runner.withPropertyValues(properties)
			.run((context) -> assertThat(context).getBean(BrokerDetector.class)
				.extracting("settings")
				.isEqualTo(new DetectionSettings(interval, timeout, threshold, grace)));
	}

}
