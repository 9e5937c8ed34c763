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

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;

import com.rabbitmq.client.Connection;
import com.rabbitmq.client.LongString;
import org.jspecify.annotations.Nullable;

import dev.failover.broker.BrokerServer;

/**
 * What a broker sends at the beginning of each connection, and what is agreed then.
 */
final class ServerProperties {

	private ServerProperties() {
	}

	static BrokerServer of(Connection connection) {
		return new BrokerServer(text(connection, "product"), text(connection, "version"), connection.getChannelMax(),
				connection.getFrameMax(), Duration.ofSeconds(connection.getHeartbeat()));
	}

	/**
	 * Return a property that is a text.
	 * @return the text, or {@code null} if the broker has sent none
	 */
	static @Nullable String text(Connection connection, String property) {
		Map<String, Object> properties = connection.getServerProperties();
		Object value = (properties != null) ? properties.get(property) : null;
		return (value instanceof LongString text) ? new String(text.getBytes(), StandardCharsets.UTF_8)
				: (value instanceof String text) ? text : null;
	}

}
