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
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.springframework.beans.BeanUtils;
import org.springframework.boot.context.properties.bind.DataObjectPropertyName;
import org.springframework.boot.convert.DurationStyle;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for the configuration metadata that editors show.
 */
class ConfigurationMetadataTests {

	private static final Pattern ROW = Pattern.compile("\\| `(failover\\.[a-z.-]+)` \\| ([^|]+) \\|.*");

	private static final Pattern SPRING_ROW = Pattern
		.compile("\\| ((?:`[a-z.-]+`(?:, )?)+) \\| (honoured|ignored(?: with `failover.brokers`)?) \\|.*");

	private static final Set<String> springProperties = new TreeSet<>();

	private static final Map<String, JsonNode> properties = new TreeMap<>();

	private static final Map<String, JsonNode> hints = new TreeMap<>();

	@BeforeAll
	static void read() throws IOException {
		ClassLoader classLoader = ConfigurationMetadataTests.class.getClassLoader();
		for (URL url : Collections.list(classLoader.getResources("META-INF/spring-configuration-metadata.json"))) {
			try (InputStream stream = url.openStream()) {
				JsonNode metadata = new ObjectMapper().readTree(stream);
				metadata.path("properties").forEach((property) -> {
					collect(property, properties);
					collectSpring(property);
				});
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

	private static void collectSpring(JsonNode property) {
		String name = property.path("name").asText();
		if (name.startsWith("spring.rabbitmq.")
				&& !property.path("deprecation").path("level").asText().equals("error")) {
			springProperties.add(name);
		}
	}

	@Test
	void everyPropertyHasADescription() {
		assertThat(properties).isNotEmpty()
			.allSatisfy((name, property) -> assertThat(property.path("description").asText()).endsWith(".")
				.doesNotStartWith("The "));
	}

	@Test
	void everyPropertyIsDocumentedWithItsDefault() throws IOException {
		Map<String, String> documented = documented();
		assertThat(documented).containsOnlyKeys(properties.keySet());
		assertThat(properties).allSatisfy((name, property) -> {
			JsonNode value = property.path("defaultValue");
			if (!value.isMissingNode()) {
				assertThat(parse(property, documented.get(name))).isEqualTo(parse(property, value.asText()));
			}
		});
	}

	private static Object parse(JsonNode property, String value) {
		boolean duration = Duration.class.getName().equals(property.path("type").asText());
		return duration ? DurationStyle.detectAndParse(value) : value;
	}

	/**
	 * The rows of all tables of properties, and the defaults in them.
	 */
	private static Map<String, String> documented() throws IOException {
		Map<String, String> documented = new TreeMap<>();
		try (DirectoryStream<Path> pages = Files.newDirectoryStream(Path.of("..", "docs"), "*.md")) {
			for (Path page : pages) {
				boolean table = false;
				for (String line : Files.readAllLines(page)) {
					table = line.startsWith("| property | default |") || (table && !line.isEmpty());
					Matcher row = ROW.matcher(line);
					if (table && row.matches()) {
						documented.put(row.group(1), row.group(2).replace("`", ""));
					}
				}
			}
		}
		return documented;
	}

	@Test
	void keysOfBrokersAreHinted() {
		JsonNode hint = hints.get("failover.brokers");
		String described = hint.path("values").toString();
		assertThat(BeanUtils.getPropertyDescriptors(BrokerProperties.class))
			.filteredOn((property) -> property.getWriteMethod() != null)
			.isNotEmpty()
			.extracting((property) -> DataObjectPropertyName.toDashedForm(property.getName()))
			.allSatisfy((key) -> assertThat(described).containsPattern("\\b" + key + "\\b"));
		assertThat(hint.path("providers").findValuesAsText("name")).containsExactly("any");
	}

	@Test
	void strategyNamesAreHinted() {
		JsonNode hint = hints.get("failover.strategy");
		assertThat(hint.path("values").findValuesAsText("value")).containsExactly("round-robin", "shuffle", "priority",
				"weighted");
		assertThat(hint.path("providers").findValuesAsText("name")).containsExactly("spring-bean-reference");
	}

	/**
	 * A property that is new in Spring Boot is missing in the table by its name.
	 */
	@Test
	void everyPropertyOfSpringBootIsInTheTableOfWhatBecomesOfIt() throws IOException {
		Map<String, String> table = new TreeMap<>();
		for (String line : Files.readAllLines(Path.of("..", "docs", "configuration.md"))) {
			Matcher row = SPRING_ROW.matcher(line);
			if (row.matches()) {
				Pattern.compile("`([a-z.-]+)`")
					.matcher(row.group(1))
					.results()
					.forEach((name) -> table.put("spring.rabbitmq." + name.group(1), row.group(2)));
			}
		}
		assertThat(table.keySet()).containsExactlyElementsOf(springProperties);
	}

}
