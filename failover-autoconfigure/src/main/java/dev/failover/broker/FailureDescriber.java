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

package dev.failover.broker;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.springframework.util.StringUtils;

/**
 * Describes failures in one line for people, free of the brokers' passwords and of the
 * users that brokers name.
 */
final class FailureDescriber {

	/**
	 * What RabbitMQ closes a connection with.
	 */
	private static final Pattern MISSING_VIRTUAL_HOST = Pattern.compile("NOT_ALLOWED - vhost (.+) not found");

	/**
	 * What RabbitMQ says of a user whom it refuses something.
	 */
	private static final Pattern REFUSED_USER = Pattern.compile("refused for user '[^']*'");

	private volatile List<BrokerCredentials> credentials = List.of();

	/**
	 * Mask the password of these credentials from now on, the longest one first.
	 */
	void add(BrokerCredentials credentials) {
		this.credentials = Stream.concat(this.credentials.stream(), Stream.of(credentials))
			.distinct()
			.sorted((one, other) -> other.password().length() - one.password().length())
			.toList();
	}

	String describe(FailureReason reason, @Nullable Throwable cause) {
		if (cause == null) {
			return reason.name().toLowerCase().replace('_', ' ');
		}
		Throwable root = cause;
		while (root.getCause() != null && root.getCause() != root) {
			root = root.getCause();
		}
		String message = root.getMessage();
		String name = root.getClass().getSimpleName();
		if (message == null) {
			return name;
		}
		Matcher missing = MISSING_VIRTUAL_HOST.matcher(message);
		return mask(missing.find() ? "virtual host '%s' does not exist on this broker".formatted(missing.group(1))
				: name + ": " + withoutUser(withoutStop(message)));
	}

	/**
	 * What is described becomes a part of sentences.
	 */
	private static String withoutStop(String text) {
		return StringUtils.trimTrailingCharacter(text.strip(), '.');
	}

	private static String withoutUser(String text) {
		return REFUSED_USER.matcher(text).replaceAll("refused for the user");
	}

	/**
	 * Mask all passwords in a text.
	 */
	String mask(String text) {
		String masked = text;
		for (BrokerCredentials each : this.credentials) {
			masked = each.mask(masked);
		}
		return masked;
	}

}
