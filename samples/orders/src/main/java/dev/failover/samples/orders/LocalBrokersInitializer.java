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

package dev.failover.samples.orders;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MapPropertySource;

/**
 * Starts two brokers, unless there are brokers in the configuration: embedded ones, or
 * RabbitMQ nodes if {@code orders.brokers} is {@code rabbitmq}.
 */
class LocalBrokersInitializer implements ApplicationContextInitializer<GenericApplicationContext> {

	@Override
	public void initialize(GenericApplicationContext context) {
		ConfigurableEnvironment environment = context.getEnvironment();
		LocalBrokers brokers = isConfigured(environment) ? LocalBrokers.none()
				: start(environment.getProperty("orders.brokers", "embedded"));
		Map<String, Object> properties = new LinkedHashMap<>();
		List<LocalBroker> started = brokers.all();
		for (int i = 0; i < started.size(); i++) {
			properties.put("failover.brokers[%d].name".formatted(i), started.get(i).name());
			properties.put("failover.brokers[%d].uri".formatted(i), started.get(i).uri());
		}
		environment.getPropertySources().addLast(new MapPropertySource("localBrokers", properties));
		context.registerBean(LocalBrokers.class, () -> brokers);
	}

	private static boolean isConfigured(ConfigurableEnvironment environment) {
		return environment.containsProperty("failover.brokers")
				|| Binder.get(environment).bind("failover.brokers[0]", Object.class).isBound();
	}

	private static LocalBrokers start(String kind) {
		return switch (kind) {
			case "embedded" -> LocalBrokers.embedded();
			case "rabbitmq" -> LocalBrokers.rabbit();
			default -> throw new IllegalArgumentException("'orders.brokers' must be 'embedded' or 'rabbitmq': " + kind);
		};
	}

}
