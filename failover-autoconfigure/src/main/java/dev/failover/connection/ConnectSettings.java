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

package dev.failover.connection;

import java.time.Duration;

import org.springframework.util.Assert;

/**
 * How connections to brokers are opened.
 *
 * @param timeout how long to wait for one broker, from the resolution of its name to the
 * open AMQP connection
 * @param raceDelay how long to wait for one broker before the next one is tried beside
 * it; zero to try one after the other
 * @param standby whether to keep connections to the broker that comes next
 * @param leaveTimeout how long work may go on, on connections to a broker that is left in
 * a planned move
 */
public record ConnectSettings(Duration timeout, Duration raceDelay, boolean standby, Duration leaveTimeout) {

	/**
	 * Settings that suit most applications: 3 seconds, 250 milliseconds, standby
	 * connections, and 10 seconds to leave a broker.
	 */
	public static final ConnectSettings DEFAULTS = new ConnectSettings(Duration.ofSeconds(3), Duration.ofMillis(250),
			true, Duration.ofSeconds(10));

	public ConnectSettings {
		Assert.isTrue(timeout.toMillis() > 0,
				() -> "'timeout' must be at least 1 ms, not " + timeout.toMillis() + " ms");
		Assert.isTrue(!raceDelay.isNegative(),
				() -> "'raceDelay' must not be negative, but is " + raceDelay.toMillis() + " ms");
		Assert.isTrue(!leaveTimeout.isNegative(),
				() -> "'leaveTimeout' must not be negative, but is " + leaveTimeout.toMillis() + " ms");
	}

	/**
	 * Create settings with 10 seconds to leave a broker.
	 * @param timeout how long to wait for one broker
	 * @param raceDelay how long to wait for one broker before the next one is tried
	 * @param standby whether to keep connections to the broker that comes next
	 */
	public ConnectSettings(Duration timeout, Duration raceDelay, boolean standby) {
		this(timeout, raceDelay, standby, Duration.ofSeconds(10));
	}

}
