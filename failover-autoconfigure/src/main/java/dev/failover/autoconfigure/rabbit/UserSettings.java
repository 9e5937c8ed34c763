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
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.core.env.Environment;

/**
 * Tells which settings the user made, as opposed to defaults.
 */
final class UserSettings {

	private static final Log logger = LogFactory.getLog(UserSettings.class);

	/**
	 * What has no effect beside {@code failover.brokers}.
	 */
	static final List<String> OVERRIDDEN = List.of("spring.rabbitmq.addresses", "spring.rabbitmq.host",
			"spring.rabbitmq.port", "spring.rabbitmq.ssl.enabled");

	/**
	 * What has no effect, and the property that has it instead.
	 */
	static final Map<String, String> REPLACED = new TreeMap<>(Map.of("spring.rabbitmq.connection-timeout",
			"failover.connect.timeout", "spring.rabbitmq.address-shuffle-mode", "failover.strategy"));

	private UserSettings() {
	}

	static boolean isSet(Environment environment, String property) {
		return Binder.get(environment).bind(property, Bindable.of(String.class)).isBound();
	}

	/**
	 * Warn once of all settings that have no effect.
	 * @param environment the settings
	 * @param brokersListed whether {@code failover.brokers} is set
	 * @param connectionDetails the names of connection details that have no effect
	 */
	static void warnOfIgnored(Environment environment, boolean brokersListed, List<String> connectionDetails) {
		List<String> lines = new ArrayList<>();
		List<String> ignored = brokersListed
				? OVERRIDDEN.stream().filter((property) -> isSet(environment, property)).toList() : List.of();
		if (!ignored.isEmpty()) {
			lines.add("%s %s ignored, because failover.brokers is set".formatted(ignored,
					(ignored.size() == 1) ? "is" : "are"));
		}
		if (!connectionDetails.isEmpty()) {
			lines.add("the addresses of the connection details %s are ignored, because failover.brokers is set"
				.formatted(connectionDetails));
		}
		REPLACED.forEach((property, instead) -> {
			if (isSet(environment, property)) {
				lines.add("%s is ignored, use %s".formatted(property, instead));
			}
		});
		if (!lines.isEmpty()) {
			logger.warn(String.join("; ", lines));
		}
	}

}
