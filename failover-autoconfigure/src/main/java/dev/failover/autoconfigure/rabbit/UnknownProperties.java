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

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.context.properties.source.IterableConfigurationPropertySource;
import org.springframework.boot.origin.Origin;
import org.springframework.core.env.Environment;
import org.springframework.core.env.SystemEnvironmentPropertySource;

import dev.failover.autoconfigure.InvalidFailoverPropertyException;

/**
 * Finds keys below {@code failover} that are none of its properties. Their values are
 * never told, as they may be misspelled passwords. Environment variables that resemble no
 * property are taken for those of other programs.
 */
final class UnknownProperties {

	private static final Log logger = LogFactory.getLog(UnknownProperties.class);

	private static final ConfigurationPropertyName PREFIX = ConfigurationPropertyName.of("failover");

	private final PropertyNames names = new PropertyNames();

	private final Map<String, Unknown> unknown = new LinkedHashMap<>();

	UnknownProperties(Environment environment) {
		for (ConfigurationPropertySource source : ConfigurationPropertySources.get(environment)) {
			if (source instanceof IterableConfigurationPropertySource iterable) {
				iterable.stream().filter(PREFIX::isAncestorOf).forEach((name) -> add(name, source));
			}
		}
	}

	private void add(ConfigurationPropertyName name, ConfigurationPropertySource source) {
		String key = name.subName(PREFIX.getNumberOfElements()).toString();
		if (!this.names.isKnown(key)) {
			ConfigurationProperty property = source.getConfigurationProperty(name);
			this.unknown.putIfAbsent(key,
					new Unknown(key, source.getUnderlyingSource() instanceof SystemEnvironmentPropertySource,
							(property != null) ? property.getOrigin() : null));
		}
	}

	/**
	 * Reject a misspelled list of brokers, without which others would be connected to.
	 */
	void rejectMisspelledBrokers() {
		this.unknown.values()
			.stream()
			.filter((property) -> !property.variable() && this.names.isLikeBrokers(property.key()))
			.findFirst()
			.ifPresent((property) -> {
				throw new InvalidFailoverPropertyException(PREFIX + "." + property.key(), "******",
						"there is no such property, and failover.brokers is not set",
						"Correct it to failover.brokers, or remove it");
			});
	}

	/**
	 * Warn of each unknown key. One that resembles no property, and is in none of their
	 * groups, may be that of another module.
	 */
	void warn() {
		this.unknown.values().forEach((property) -> {
			List<String> suggestions = getSuggestions(property);
			if (!suggestions.isEmpty()) {
				logger.warn("%s has no effect: did you mean %s?".formatted(property, String.join(" or ", suggestions)));
			}
			else if (!property.variable() && this.names.isInGroup(property.key())) {
				logger.warn("%s has no effect: there is no such property".formatted(property));
			}
			else if (!property.variable()) {
				logger.info("%s is no property of this library".formatted(property));
			}
		});
	}

	private List<String> getSuggestions(Unknown property) {
		List<String> suggestions = this.names.getAlike(property.key()).map(List::of).orElse(List.of());
		if (suggestions.isEmpty() && !property.variable()) {
			suggestions = this.names.getNamesakes(property.key());
		}
		return suggestions.stream().map((suggestion) -> PREFIX + "." + suggestion).toList();
	}

	/**
	 * A key that is no property.
	 *
	 * @param key the key without prefix
	 * @param variable whether it is an environment variable
	 * @param origin where it is set, if known
	 */
	private record Unknown(String key, boolean variable, @Nullable Origin origin) {

		@Override
		public String toString() {
			String name = PREFIX + "." + this.key;
			return (this.origin != null) ? "%s (%s)".formatted(name, this.origin) : name;
		}

	}

}
