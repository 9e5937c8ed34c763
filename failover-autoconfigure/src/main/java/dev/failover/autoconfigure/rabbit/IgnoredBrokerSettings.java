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

import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.context.properties.source.IterableConfigurationPropertySource;
import org.springframework.core.env.Environment;
import org.springframework.core.env.SystemEnvironmentPropertySource;

import dev.failover.autoconfigure.InvalidFailoverPropertyException;

/**
 * Rejects settings of brokers that would be ignored silently. Spring Boot takes the whole
 * list from one property source, so that only keys in the same source count.
 */
final class IgnoredBrokerSettings {

	private static final ConfigurationPropertyName BROKERS = ConfigurationPropertyName.of("failover.brokers");

	private static final List<String> KEYS = List.of("uri", "name", "username", "password", "virtual-host",
			"ssl-bundle", "priority", "weight", "management-uri");

	private static final List<String> PLAIN_KEYS = KEYS.stream().map(IgnoredBrokerSettings::plain).toList();

	private static final Pattern SERVICE_VARIABLE = Pattern.compile("service\\.(host|port.*)|port([.\\[].*)?");

	private IgnoredBrokerSettings() {
	}

	/**
	 * Reject keys beside a URL that is the whole entry, or beside a text that is the
	 * whole list, and keys that are none of a broker.
	 */
	static void rejectKeys(Environment environment) {
		for (ConfigurationPropertySource source : ConfigurationPropertySources.get(environment)) {
			if (source.getConfigurationProperty(BROKERS) != null) {
				rejectKeys(source, BROKERS, "Put them into the URLs, or make a list of objects of it");
				return;
			}
			int entries = 0;
			for (ConfigurationPropertyName entry = entry(entries); isSet(source, entry); entry = entry(++entries)) {
				if (source.getConfigurationProperty(entry) != null) {
					rejectKeys(source, entry, "Make the entry an object whose URL is its key 'uri'");
				}
				rejectUnknownKeys(source, entry);
			}
			if (entries > 0) {
				return;
			}
		}
	}

	/**
	 * Reject what is below {@code failover.brokers} but no list, if there is none. The
	 * variables that Kubernetes sets for a service named {@code failover-brokers} are no
	 * settings.
	 */
	static void rejectUnlisted(Environment environment) {
		for (ConfigurationPropertySource source : ConfigurationPropertySources.get(environment)) {
			keys(source, BROKERS).filter((key) -> !isOfService(source, key)).findFirst().ifPresent((key) -> {
				throw new InvalidFailoverPropertyException(BROKERS.toString(), "******",
						"its key '%s' is set, but it is no list".formatted(key),
						"Make it a list, each entry a URL or an object with a 'uri':"
								+ " begin the entries with '-' in YAML, or number them, as in failover.brokers[0].uri");
			});
		}
	}

	private static boolean isOfService(ConfigurationPropertySource source, String key) {
		return source.getUnderlyingSource() instanceof SystemEnvironmentPropertySource
				&& SERVICE_VARIABLE.matcher(key).matches();
	}

	private static ConfigurationPropertyName entry(int index) {
		return BROKERS.append("[%d]".formatted(index));
	}

	private static boolean isSet(ConfigurationPropertySource source, ConfigurationPropertyName entry) {
		return source.getConfigurationProperty(entry) != null || firstKey(source, entry).isPresent();
	}

	private static void rejectKeys(ConfigurationPropertySource source, ConfigurationPropertyName name, String action) {
		firstKey(source, name).ifPresent((key) -> {
			throw new InvalidFailoverPropertyException(name.toString(), "******",
					"it is set as a URL, and its key '%s' is set, too".formatted(key), action);
		});
	}

	/**
	 * Values are masked, as the key may be a misspelled password.
	 */
	private static void rejectUnknownKeys(ConfigurationPropertySource source, ConfigurationPropertyName entry) {
		keys(source, entry).filter((key) -> !PLAIN_KEYS.contains(plain(key))).findFirst().ifPresent((key) -> {
			throw new InvalidFailoverPropertyException(entry + "." + key, "******",
					"a broker has no key '%s'".formatted(key), "Use one of %s, or remove the key".formatted(KEYS));
		});
	}

	/**
	 * In environment variables, dashes are left out or written as underscores.
	 */
	private static String plain(String key) {
		return key.replaceAll("[-_.]", "");
	}

	private static Optional<String> firstKey(ConfigurationPropertySource source, ConfigurationPropertyName name) {
		return keys(source, name).findFirst();
	}

	private static Stream<String> keys(ConfigurationPropertySource source, ConfigurationPropertyName name) {
		if (!(source instanceof IterableConfigurationPropertySource iterable)) {
			return Stream.empty();
		}
		return iterable.stream()
			.filter(name::isAncestorOf)
			.map((key) -> key.subName(name.getNumberOfElements()).toString());
	}

}
