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

package dev.failover.test;

import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;

/**
 * Writes AMQP URIs.
 */
final class AmqpUris {

	private AmqpUris() {
	}

	static URI create(String scheme, String username, String password, String host, int port, String virtualHost) {
		String path = "/".equals(virtualHost) ? "" : "/" + encode(virtualHost);
		return URI.create("%s://%s:%s@%s:%d%s".formatted(scheme, encode(username), encode(password), host, port, path));
	}

	private static String encode(String part) {
		return URLEncoder.encode(part, StandardCharsets.UTF_8).replace("+", "%20");
	}

}
