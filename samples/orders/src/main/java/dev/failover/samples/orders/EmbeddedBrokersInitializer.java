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

import dev.failover.test.EmbeddedBroker;

/**
 * Starts two embedded brokers, unless there are brokers in the configuration.
 */
class EmbeddedBrokersInitializer implements ApplicationContextInitializer<GenericApplicationContext> {

	@Override
	public void initialize(GenericApplicationContext context) {
		ConfigurableEnvironment environment = context.getEnvironment();
		boolean configured = environment.containsProperty("failover.brokers")
				|| Binder.get(environment).bind("failover.brokers[0]", Object.class).isBound();
		List<EmbeddedBroker> brokers = configured ? List.of() : start();
		Map<String, Object> properties = new LinkedHashMap<>();
		for (int i = 0; i < brokers.size(); i++) {
			EmbeddedBroker broker = brokers.get(i);
			properties.put("failover.brokers[%d].name".formatted(i), broker.name());
			properties.put("failover.brokers[%d].uri".formatted(i), broker.uri());
		}
		environment.getPropertySources().addLast(new MapPropertySource("embeddedBrokers", properties));
		context.registerBean(EmbeddedBrokers.class, () -> new EmbeddedBrokers(brokers));
	}

	private static List<EmbeddedBroker> start() {
		return List.of(EmbeddedBroker.builder().name("north").start(), EmbeddedBroker.builder().name("south").start());
	}

}
