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

package dev.failover.autoconfigure;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for the configuration metadata that editors show.
 */
class ConfigurationMetadataTests {

	private static final Map<String, JsonNode> properties = new TreeMap<>();

	private static final Map<String, JsonNode> hints = new TreeMap<>();

	@BeforeAll
	static void read() throws IOException {
		ClassLoader classLoader = ConfigurationMetadataTests.class.getClassLoader();
		for (URL url : Collections.list(classLoader.getResources("META-INF/spring-configuration-metadata.json"))) {
			try (InputStream stream = url.openStream()) {
				JsonNode metadata = new ObjectMapper().readTree(stream);
				metadata.path("properties").forEach((property) -> collect(property, properties));
				metadata.path("hints").forEach((hint) -> collect(hint, hints));
			}
		}
	}

	private static void collect(JsonNode node, Map<String, JsonNode> target) {
		String name = node.path("name").asText();
		if (name.startsWith("failover.")) {
			target.put(name, node);
		}
	}

	@Test
	void everyPropertyHasADescription() {
		assertThat(properties).isNotEmpty()
			.allSatisfy((name, property) -> assertThat(property.path("description").asText()).endsWith(".")
				.doesNotStartWith("The "));
	}

	@Test
	void everyPropertyIsListed() {
		assertThat(properties).containsKeys("failover.enabled", "failover.brokers", "failover.strategy",
				"failover.startup", "failover.connect.timeout", "failover.connect.race-delay",
				"failover.ensure.max-retries", "failover.ensure.timeout", "failover.ensure.interval.start",
				"failover.ensure.interval.step", "failover.ensure.interval.max", "failover.ensure.interval.jitter",
				"failover.ensure.interval.multiplier", "failover.publish.confirm-timeout",
				"failover.publish.max-in-flight", "failover.listener.brokers", "failover.listener.tune",
				"failover.topology.redeclare-manual-declarations", "failover.listener.deduplication.enabled",
				"failover.listener.deduplication.max-size", "failover.listener.deduplication.expire-after",
				"failover.listener.deduplication.redelivered");
	}

	@Test
	void strategyNamesAreHinted() {
		JsonNode hint = hints.get("failover.strategy");
		assertThat(hint.path("values").findValuesAsText("value")).containsExactly("round-robin", "shuffle", "priority",
				"weighted");
		assertThat(hint.path("providers").findValuesAsText("name")).containsExactly("spring-bean-reference");
	}

}
