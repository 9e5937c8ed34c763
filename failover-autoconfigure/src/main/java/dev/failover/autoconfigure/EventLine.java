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

import java.util.LinkedHashMap;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;
import org.slf4j.spi.LoggingEventBuilder;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerFailure;

/**
 * A line of the log that tells an event of the brokers in words, and by pairs of key and
 * value for structured logging.
 *
 * @param level its level
 * @param message what it says
 * @param pairs what programs read
 */
record EventLine(Level level, String message, Map<String, Object> pairs) {

	private static final Logger logger = LoggerFactory.getLogger("dev.failover.events");

	private static final String PREFIX = "failover.";

	static EventLine info(String message) {
		return of(Level.INFO, message);
	}

	static EventLine warn(String message) {
		return of(Level.WARN, message);
	}

	static EventLine of(Level level, String message) {
		return new EventLine(level, message, Map.of());
	}

	/**
	 * Return this line with one more pair, if there is a value.
	 */
	EventLine with(String key, @Nullable Object value) {
		if (value == null) {
			return this;
		}
		Map<String, Object> more = new LinkedHashMap<>(this.pairs);
		more.put(PREFIX + key, value);
		return new EventLine(this.level, this.message, more);
	}

	EventLine with(String key, @Nullable Broker broker) {
		return with(key, (Object) ((broker != null) ? broker.name() : null));
	}

	EventLine with(@Nullable BrokerFailure failure) {
		return with("reason", (Object) ((failure != null) ? failure.reason().name() : null));
	}

	void log() {
		LoggingEventBuilder builder = logger.atLevel(this.level);
		this.pairs.forEach(builder::addKeyValue);
		builder.log(this.message);
	}

}
