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

package dev.failover.detection;

import java.time.Duration;

import dev.failover.broker.Broker;

/**
 * Told how brokers answer the probes of the connections that the application uses. Called
 * by a thread that does I/O, without any lock held: it must not block.
 */
@FunctionalInterface
public interface ProbeObserver {

	/**
	 * A probe has ended.
	 * @param broker the broker
	 * @param outcome what has become of it
	 * @param time how long it took
	 */
	void probed(Broker broker, ProbeOutcome outcome, Duration time);

}
