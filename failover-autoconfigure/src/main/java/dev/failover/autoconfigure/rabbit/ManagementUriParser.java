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

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;

import org.jspecify.annotations.Nullable;
import org.springframework.util.StringUtils;

import dev.failover.autoconfigure.InvalidFailoverPropertyException;
import dev.failover.broker.BrokerCredentials;
import dev.failover.detection.ManagementApi;

/**
 * Parses the URL of the HTTP API of one broker. Nothing of one that cannot be parsed is
 * repeated in the exception, except with everything masked that may be a secret.
 */
final class ManagementUriParser {

	private static final String EXAMPLE = "Write it like http://host:15672 or https://user:password@host:15671";

	private static final String API = "/api";

	private final UrlProperty property;

	private ManagementUriParser(UrlProperty property) {
		this.property = property;
	}

	/**
	 * Parse a URL.
	 * @param property the name of the property
	 * @param value the value of the property
	 * @param otherwise what to log in with if the URL has neither user nor password
	 * @throws InvalidFailoverPropertyException if it is not a URL of such an API
	 */
	static ManagementApi parse(String property, String value, BrokerCredentials otherwise) {
		return new ManagementUriParser(new UrlProperty(property, value.trim())).parse(otherwise);
	}

	private ManagementApi parse(BrokerCredentials otherwise) {
		this.property.check(!this.property.value().isEmpty(), "it is empty", EXAMPLE + ", or remove the key");
		URI uri = toUri(this.property.value());
		String scheme = (uri.getScheme() != null) ? uri.getScheme().toLowerCase(Locale.ROOT) : "";
		this.property.check(scheme.equals("http") || scheme.equals("https"), "its scheme is neither http nor https",
				EXAMPLE);
		this.property.check(uri.getHost() != null, "it has no valid host", EXAMPLE
				+ ". Percent-encode special characters in user and password: '@' is %40, '/' is %2F, ':' is %3A");
		this.property.check(uri.getRawQuery() == null && uri.getRawFragment() == null, "it has a '?' or a '#'",
				"Remove it, or percent-encode it if it is part of a user or password: '?' is %3F, '#' is %23");
		String path = StringUtils.trimTrailingCharacter(uri.getRawPath(), '/');
		String prefix = path.endsWith(API) ? path.substring(0, path.length() - API.length()) : path;
		String port = (uri.getPort() >= 0) ? ":" + uri.getPort() : "";
		return new ManagementApi(toUri(scheme + "://" + uri.getHost() + port + prefix),
				credentials(uri.getRawUserInfo(), otherwise));
	}

	private URI toUri(String text) {
		try {
			return new URI(text);
		}
		catch (URISyntaxException ex) {
			// the exception repeats the password
			throw this.property.invalid("it is not a valid URL", EXAMPLE
					+ ". Percent-encode special characters in user and password: '@' is %40, '/' is %2F, '%' is %25");
		}
	}

	private BrokerCredentials credentials(@Nullable String user, BrokerCredentials otherwise) {
		if (user == null) {
			return otherwise;
		}
		int colon = user.indexOf(':');
		this.property.check(colon > 0 && colon < user.length() - 1, "it has a user or a password, but not both",
				"Give both, or neither to use those of the broker");
		return BrokerCredentials.of(this.property.decode(user.substring(0, colon)),
				this.property.decode(user.substring(colon + 1)));
	}

}
