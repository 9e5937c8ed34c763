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

import com.rabbitmq.client.MetricsCollector;

/**
 * Has a {@link MetricsCollector} for each broker.
 */
@FunctionalInterface
public interface BrokerMetricsCollectors {

	/**
	 * Return the collector of the connections to a broker. Called once for each broker,
	 * and again for one that was removed and is added again. Must not block.
	 * @param broker the name of the broker
	 * @return the collector
	 */
	MetricsCollector get(String broker);

	/**
	 * Forget a broker that was removed. Nothing is done by default. Must not block.
	 * @param broker the name of the broker
	 */
	default void remove(String broker) {
	}

}
