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

	private static final List<String> OVERRIDDEN = List.of("spring.rabbitmq.addresses", "spring.rabbitmq.host",
			"spring.rabbitmq.port");

	private UserSettings() {
	}

	static boolean isSet(Environment environment, String property) {
		return Binder.get(environment).bind(property, Bindable.of(String.class)).isBound();
	}

	/**
	 * Warn of settings that have no effect beside {@code failover.brokers}.
	 */
	static void warnOfOverridden(Environment environment) {
		List<String> ignored = OVERRIDDEN.stream().filter((property) -> isSet(environment, property)).toList();
		if (!ignored.isEmpty()) {
			logger.warn("%s %s ignored, because failover.brokers is set".formatted(ignored,
					(ignored.size() == 1) ? "is" : "are"));
		}
	}

}
