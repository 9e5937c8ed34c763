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

import java.net.URI;

import org.springframework.util.Assert;

import dev.failover.broker.BrokerCredentials;

/**
 * Where the HTTP API of a broker's management plugin is, and what to log in to it with.
 *
 * @param uri the address without {@code /api}, such as
 * {@code http://rabbit-1.example.com:15672}; it holds neither user nor password
 * @param credentials the user, who needs the tag {@code monitoring}, and the password
 */
public record ManagementApi(URI uri, BrokerCredentials credentials) {

	public ManagementApi {
		Assert.notNull(uri, "'uri' must not be null");
		Assert.notNull(credentials, "'credentials' must not be null");
		Assert.isTrue("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()),
				"'uri' must be one of HTTP or HTTPS");
		Assert.isTrue(uri.getHost() != null, "'uri' must have a host");
		Assert.isTrue(uri.getRawUserInfo() == null, "'uri' must have neither user nor password");
	}

}
