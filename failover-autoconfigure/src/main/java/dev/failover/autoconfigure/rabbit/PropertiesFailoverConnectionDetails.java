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

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import org.springframework.util.Assert;
import org.springframework.util.StringUtils;

import dev.failover.autoconfigure.BrokerProperties;
import dev.failover.autoconfigure.FailoverConnectionDetails;
import dev.failover.autoconfigure.InvalidFailoverPropertyException;
import dev.failover.broker.Broker;
import dev.failover.broker.BrokerCredentials;
import dev.failover.detection.ManagementApi;

/**
 * Adapts the property {@code failover.brokers} to {@link FailoverConnectionDetails}.
 */
final class PropertiesFailoverConnectionDetails implements FailoverConnectionDetails {

	private final List<Broker> brokers = new ArrayList<>();

	private final Map<String, BrokerEntry> entries = new HashMap<>();

	private final Map<String, ManagementApi> managements = new HashMap<>();

	/**
	 * Create details of the brokers in the properties.
	 * @param sslBundles the names of all SSL bundles
	 * @throws InvalidFailoverPropertyException if a broker is not configured properly
	 */
	PropertiesFailoverConnectionDetails(List<BrokerProperties> properties, BrokerDefaults defaults,
			Collection<String> sslBundles) {
		List<BrokerEntry> entries = new ArrayList<>();
		for (BrokerProperties entry : properties) {
			entries.add(BrokerEntry.of("failover.brokers[%d]".formatted(entries.size()), entry, defaults, sslBundles));
		}
		rejectSameBroker(entries);
		List<String> names = names(entries);
		rejectSameName(entries, names);
		for (int i = 0; i < entries.size(); i++) {
			this.brokers.add(entries.get(i).toBroker(names.get(i)));
			this.entries.put(names.get(i), entries.get(i));
			ManagementApi management = entries.get(i).management();
			if (management != null) {
				this.managements.put(names.get(i), management);
			}
		}
	}

	private static void rejectSameBroker(List<BrokerEntry> entries) {
		Map<String, BrokerEntry> seen = new HashMap<>();
		for (BrokerEntry entry : entries) {
			String key = entry.address().toLowerCase(Locale.ROOT) + "/" + entry.virtualHost();
			BrokerEntry other = seen.putIfAbsent(key, entry);
			if (other != null) {
				throw entry.invalid("", "it has the same host, port and virtual host as " + other.property(),
						"Remove one of them");
			}
		}
	}

	private static void rejectSameName(List<BrokerEntry> entries, List<String> names) {
		Map<String, BrokerEntry> seen = new HashMap<>();
		for (int i = 0; i < entries.size(); i++) {
			BrokerEntry other = seen.putIfAbsent(names.get(i), entries.get(i));
			if (other != null) {
				throw entries.get(i)
					.invalid("", "it has the same name as %s: '%s'".formatted(other.property(), names.get(i)),
							"Give each of them a 'name' of its own");
			}
		}
	}

	private static List<String> names(List<BrokerEntry> entries) {
		Map<String, Integer> addresses = new HashMap<>();
		entries.stream()
			.filter((entry) -> entry.name() == null)
			.forEach((entry) -> addresses.merge(entry.address(), 1, Integer::sum));
		return entries.stream().map((entry) -> name(entry, addresses.getOrDefault(entry.address(), 0) > 1)).toList();
	}

	private static String name(BrokerEntry entry, boolean ambiguous) {
		if (entry.name() != null) {
			return entry.name();
		}
		String separator = entry.virtualHost().startsWith("/") ? "" : "/";
		return ambiguous ? entry.address() + separator + entry.virtualHost() : entry.address();
	}

	@Override
	public List<Broker> getBrokers() {
		return List.copyOf(this.brokers);
	}

	@Override
	public BrokerCredentials getCredentials(Broker broker) {
		BrokerEntry entry = this.entries.get(broker.name());
		Assert.notNull(entry, () -> "Broker '%s' is not one of %s".formatted(broker.name(), this.entries.keySet()));
		return entry.credentials();
	}

	@Override
	public boolean hasOwnCredentials(Broker broker) {
		BrokerEntry entry = this.entries.get(broker.name());
		return entry == null || entry.hasOwnCredentials();
	}

	@Override
	public @Nullable ManagementApi getManagement(Broker broker) {
		return this.managements.get(broker.name());
	}

	/**
	 * One checked entry of the list.
	 */
	private record BrokerEntry(String property, BrokerProperties properties, BrokerUrl url, BrokerDefaults defaults) {

		static BrokerEntry of(String property, BrokerProperties properties, BrokerDefaults defaults,
				Collection<String> sslBundles) {
			BrokerUrl url = BrokerUrlParser.parse(property, properties.getUri());
			BrokerEntry entry = new BrokerEntry(property, properties, url, defaults);
			entry.rejectTwice("username", url.username(), properties.getUsername());
			entry.rejectTwice("password", url.password(), properties.getPassword());
			entry.rejectTwice("virtual-host", url.virtualHost(), properties.getVirtualHost());
			entry.rejectEmpty("username", properties.getUsername());
			entry.rejectEmpty("password", properties.getPassword());
			entry.checkWeight();
			entry.checkSslBundle(sslBundles);
			return entry;
		}

		private void rejectTwice(String key, @Nullable String inUrl, @Nullable String beside) {
			if (inUrl != null && beside != null) {
				throw invalid("", "it has the %s twice, in the URL and as '%s'".formatted(key, key),
						"Remove one of them");
			}
		}

		private void rejectEmpty(String key, @Nullable String value) {
			if (value != null && value.isEmpty()) {
				throw new InvalidFailoverPropertyException(this.property + "." + key, value, "it is empty",
						"Give the %s, or remove the key to use the default".formatted(key));
			}
		}

		private void checkWeight() {
			Integer weight = this.properties.getWeight();
			if (weight != null && weight < 0) {
				throw new InvalidFailoverPropertyException(this.property + ".weight", String.valueOf(weight),
						"it must not be negative", "Use 0 or more; the default is 1");
			}
		}

		private void checkSslBundle(Collection<String> sslBundles) {
			String bundle = this.properties.getSslBundle();
			if (bundle == null) {
				return;
			}
			if (!this.url.tls()) {
				throw invalid("", "it has an SSL bundle, but its URL is not one of TLS",
						"Begin the URL with amqps://, or remove 'ssl-bundle'");
			}
			if (!sslBundles.contains(bundle)) {
				throw new InvalidFailoverPropertyException(this.property + ".ssl-bundle", bundle,
						"there is no SSL bundle of that name, only " + sslBundles,
						"Define it below 'spring.ssl.bundle', or use the name of one that is defined");
			}
		}

		InvalidFailoverPropertyException invalid(String suffix, String reason, String action) {
			return new InvalidFailoverPropertyException(this.property + suffix,
					BrokerUrlMask.mask(String.valueOf(this.properties.getUri())), reason, action);
		}

		@Nullable String name() {
			return StringUtils.hasText(this.properties.getName()) ? this.properties.getName().trim() : null;
		}

		String address() {
			String host = this.url.host();
			return ((host.indexOf(':') >= 0) ? "[" + host + "]" : host) + ":" + this.url.port();
		}

		String virtualHost() {
			String beside = this.properties.getVirtualHost();
			return first(this.url.virtualHost(), StringUtils.hasText(beside) ? beside : null,
					this.defaults.virtualHost());
		}

		boolean hasOwnCredentials() {
			return this.url.username() != null || this.properties.getUsername() != null || this.url.password() != null
					|| this.properties.getPassword() != null;
		}

		BrokerCredentials credentials() {
			BrokerCredentials otherwise = this.defaults.credentials();
			return BrokerCredentials.of(first(this.url.username(), this.properties.getUsername(), otherwise.username()),
					first(this.url.password(), this.properties.getPassword(), otherwise.password()));
		}

		@Nullable ManagementApi management() {
			String uri = this.properties.getManagementUri();
			return (uri != null) ? ManagementUriParser.parse(this.property + ".management-uri", uri, credentials())
					: null;
		}

		Broker toBroker(String name) {
			Integer priority = this.properties.getPriority();
			Integer weight = this.properties.getWeight();
			return new Broker(name, this.url.host(), this.url.port(), virtualHost(), this.url.tls(),
					this.properties.getSslBundle(), (priority != null) ? priority : Broker.DEFAULT_PRIORITY,
					(weight != null) ? weight : Broker.DEFAULT_WEIGHT);
		}

		private static String first(@Nullable String one, @Nullable String other, String otherwise) {
			if (one != null) {
				return one;
			}
			return (other != null) ? other : otherwise;
		}

		@Override
		public String toString() {
			return this.property;
		}

	}

}
