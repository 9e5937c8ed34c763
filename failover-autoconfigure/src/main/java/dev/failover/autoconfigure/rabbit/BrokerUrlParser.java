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

import java.util.Locale;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

import dev.failover.autoconfigure.InvalidFailoverPropertyException;

/**
 * Parses the URL of one broker. Nothing of a URL that cannot be parsed is repeated in the
 * exception, except with everything masked that may be a secret.
 */
final class BrokerUrlParser {

	private static final Pattern SCHEME = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]*");

	private static final Pattern HOST_NAME = Pattern.compile("[A-Za-z0-9._-]+");

	private static final Pattern IP_V6 = Pattern.compile("[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(%[A-Za-z0-9._-]+)?");

	private static final Pattern DIGITS = Pattern.compile("[0-9]+");

	private static final Pattern OUTLAWED = Pattern.compile("[\\s\\p{Cntrl}\"<>\\\\^`{|}]");

	private static final int HIGHEST_PORT = 65535;

	private static final Pattern LIST = Pattern.compile("[,;]\\s*[A-Za-z]+://|://[^/?#]*@[^/?#]*,|://[^@/?#]*,[^@]*$");

	private final UrlProperty property;

	private final String url;

	private BrokerUrlParser(UrlProperty property) {
		this.property = property;
		this.url = property.value();
	}

	/**
	 * Parse a URL.
	 * @throws InvalidFailoverPropertyException if it is not a URL of a broker
	 */
	static BrokerUrl parse(String property, @Nullable String url) {
		return new BrokerUrlParser(new UrlProperty(property, (url != null) ? url.trim() : "")).parse();
	}

	private BrokerUrl parse() {
		this.property.check(!this.url.isEmpty(), "it is empty",
				"Give the URL of a broker, for example amqp://user:password@host, or remove the entry and its separator");
		rejectList();
		boolean tls = parseScheme();
		String rest = this.url.substring(this.url.indexOf("://") + "://".length());
		this.property.check(!OUTLAWED.matcher(rest).find(),
				"it contains a space or another character that is not allowed in a URL",
				"Remove it, or percent-encode it (a space is %20) if it is part of a user, password or virtual host");
		int end = endOfAuthority(rest);
		String authority = rest.substring(0, end);
		checkAts(authority, rest.substring(end));
		int at = authority.indexOf('@');
		String user = (at >= 0) ? authority.substring(0, at) : null;
		int colon = (user != null) ? user.indexOf(':') : -1;
		String host = authority.substring(at + 1);
		int port = parsePort(host, tls);
		return new BrokerUrl(tls, decodePart("user", (user != null && colon >= 0) ? user.substring(0, colon) : user),
				(user != null && colon >= 0) ? decodePart("password", user.substring(colon + 1)) : null,
				parseHost(host), port, parseVirtualHost(rest.substring(end)));
	}

	/**
	 * A comma may be part of a password, but not of what follows user and password, and
	 * no URL may follow a separator.
	 */
	private void rejectList() {
		this.property.check(!LIST.matcher(this.url).find(), "it contains several URLs, or a comma",
				"Separate URLs with ';', as in amqp://user:password@one;amqp://user:password@two,"
						+ " or make each of them an entry of a list. A ',' in a user, password or virtual host is %2C");
	}

	private boolean parseScheme() {
		int end = this.url.indexOf("://");
		String scheme = (end >= 0) ? this.url.substring(0, end) : "";
		this.property.check(SCHEME.matcher(scheme).matches(), "it has no scheme",
				"Begin it with amqp:// or, for TLS, with amqps://; separate several URLs with ';'");
		return switch (scheme.toLowerCase(Locale.ROOT)) {
			case "amqp" -> false;
			case "amqps" -> true;
			default -> throw this.property.invalid("its scheme is neither amqp nor amqps",
					"Begin it with amqp:// or, for TLS, with amqps://");
		};
	}

	private static int endOfAuthority(String rest) {
		for (int i = 0; i < rest.length(); i++) {
			if ("/?#".indexOf(rest.charAt(i)) >= 0) {
				return i;
			}
		}
		return rest.length();
	}

	private void checkAts(String authority, String tail) {
		this.property.check(authority.indexOf('@') == authority.lastIndexOf('@') && tail.indexOf('@') < 0,
				"it has an '@' that does not end user and password",
				"Percent-encode special characters in user, password and virtual host:"
						+ " '@' is %40, '/' is %2F, ':' is %3A, '?' is %3F, '#' is %23, '%' is %25");
		this.property.check(tail.indexOf('#') < 0, "it contains a '#'",
				"Percent-encode it as %23 if it is part of a user, password or virtual host, else remove it");
	}

	private int parsePort(String host, boolean tls) {
		int bracket = host.indexOf(']');
		int colon = host.indexOf(':', bracket + 1);
		if (colon < 0) {
			return tls ? BrokerUrl.DEFAULT_TLS_PORT : BrokerUrl.DEFAULT_PORT;
		}
		this.property.check(host.indexOf(':', colon + 1) < 0, "its host contains several colons",
				"Put an IPv6 address into brackets, for example amqp://[::1]:5672;"
						+ " user and password end with '@', and a ':' in them is %3A");
		String digits = host.substring(colon + 1);
		this.property.check(DIGITS.matcher(digits).matches(), "its port is not a number",
				"Write host:port, for example amqp://host:5672; separate several URLs with ';'."
						+ " If this is a password, write user:password@host, with '/' in them as %2F");
		this.property.check(
				digits.length() <= 5 && Integer.parseInt(digits) >= 1 && Integer.parseInt(digits) <= HIGHEST_PORT,
				"its port is out of range", "Use a port from 1 to 65535");
		return Integer.parseInt(digits);
	}

	private String parseHost(String hostAndPort) {
		if (hostAndPort.startsWith("[")) {
			int end = hostAndPort.indexOf(']');
			String address = (end > 0) ? this.property.decode(hostAndPort.substring(1, end)) : "";
			boolean closed = end == hostAndPort.length() - 1 || hostAndPort.startsWith(":", end + 1);
			this.property.check(closed && IP_V6.matcher(address).matches(), "its host is not an IPv6 address",
					"Write the address in brackets, for example amqp://[::1]:5672");
			return address;
		}
		int colon = hostAndPort.indexOf(':');
		String host = this.property.decode((colon >= 0) ? hostAndPort.substring(0, colon) : hostAndPort);
		if (host.isEmpty()) {
			return BrokerUrl.DEFAULT_HOST;
		}
		this.property.check(HOST_NAME.matcher(host).matches(), "its host is not a valid host name",
				"Use letters, digits, '-', '_' and '.' in the host; user and password end with '@'");
		return host;
	}

	private @Nullable String parseVirtualHost(String tail) {
		int question = tail.indexOf('?');
		this.property.check(question < 0, "it has parameters after a '?', of which none is known",
				"Remove them: settings of connections are properties of 'spring.rabbitmq' and 'failover',"
						+ " and those of one broker are keys beside 'uri'."
						+ " A '?' in a user, password or virtual host is %3F");
		if (tail.length() <= 1) {
			return null;
		}
		String segment = tail.substring(1);
		this.property.check(segment.indexOf('/') < 0, "its virtual host contains a '/'",
				"Percent-encode it as %2F, for example amqp://host/%2Forders, or remove a trailing one");
		return this.property.decode(segment);
	}

	private @Nullable String decodePart(String part, @Nullable String encoded) {
		if (encoded == null) {
			return null;
		}
		this.property.check(!encoded.isEmpty(), "its %s is empty".formatted(part),
				"Give the %s, or leave it out together with its separator to use the default".formatted(part));
		return this.property.decode(encoded);
	}

}
