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

import com.rabbitmq.client.Connection;
import org.jspecify.annotations.Nullable;
import org.springframework.util.StringUtils;

/**
 * The name of its cluster that a broker sends at the beginning of each connection.
 * RabbitMQ does so, and each node takes its own name unless it is set. Other brokers do
 * not.
 */
final class ClusterName {

	private static final String PROPERTY = "cluster_name";

	private ClusterName() {
	}

	/**
	 * Return the name.
	 * @return the name, or {@code null} if the broker has sent none
	 */
	static @Nullable String of(Connection connection) {
		String name = ServerProperties.text(connection, PROPERTY);
		return StringUtils.hasText(name) ? name : null;
	}

}
