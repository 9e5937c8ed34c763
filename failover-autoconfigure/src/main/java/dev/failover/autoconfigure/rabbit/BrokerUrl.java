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

import org.jspecify.annotations.Nullable;

/**
 * The parts of a broker's URL, decoded. A user, password or virtual host that the URL
 * leaves out is {@code null}.
 */
record BrokerUrl(boolean tls, @Nullable String username, @Nullable String password, String host, int port,
		@Nullable String virtualHost) {

	static final String DEFAULT_HOST = "localhost";

	static final int DEFAULT_PORT = 5672;

	static final int DEFAULT_TLS_PORT = 5671;

	@Override
	public String toString() {
		return (this.tls ? "amqps" : "amqp") + "://" + this.host + ":" + this.port;
	}

}
