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

package dev.failover.architecture;

import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.platform.commons.annotation.Testable;
import org.junit.platform.commons.support.AnnotationSupport;
import org.springframework.core.io.Resource;
import org.springframework.core.io.support.PathMatchingResourcePatternResolver;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests that each behaviour in {@code docs/kombu.md} names the tests that show it, and
 * they it.
 */
class BehaviourTests {

	private static final Path PAGE = Path.of("..", "docs", "kombu.md");

	private static final Pattern ITEM = Pattern.compile("(\\d+)\\. .*");

	private static final Pattern REFERENCE = Pattern.compile(" +- `(\\w+Tests\\.\\w+)`");

	private static final Pattern DISPLAYED = Pattern.compile("Behaviour (\\d+): .+");

	@Test
	void eachBehaviourHasTestsThatNameIt() throws Exception {
		Map<Integer, Set<String>> documented = documented();
		assertThat(documented.keySet()).containsExactlyElementsOf(IntStream.rangeClosed(1, 30).boxed().toList());
		assertThat(documented.values()).noneMatch(Set::isEmpty);
		assertThat(displayed()).isEqualTo(documented);
	}

	private static Map<Integer, Set<String>> documented() throws IOException {
		Map<Integer, Set<String>> documented = new TreeMap<>();
		Set<String> tests = new TreeSet<>();
		for (String line : Files.readAllLines(PAGE)) {
			Matcher item = ITEM.matcher(line);
			if (item.matches()) {
				tests = documented.computeIfAbsent(Integer.valueOf(item.group(1)), (number) -> new TreeSet<>());
			}
			Matcher reference = REFERENCE.matcher(line);
			if (reference.matches()) {
				tests.add(reference.group(1));
			}
		}
		return documented;
	}

	private static Map<Integer, Set<String>> displayed() throws IOException, ClassNotFoundException {
		Map<Integer, Set<String>> displayed = new TreeMap<>();
		ClassLoader classLoader = BehaviourTests.class.getClassLoader();
		Path root = Path.of("target", "test-classes").toAbsolutePath();
		for (Resource resource : new PathMatchingResourcePatternResolver(classLoader)
			.getResources(root.toUri() + "**/*Tests.class")) {
			String name = root.relativize(resource.getFile().toPath()).toString();
			Class<?> type = Class.forName(name.replaceAll("\\.class$", "").replace('/', '.'), false, classLoader);
			for (Method method : type.getDeclaredMethods()) {
				Matcher title = title(method);
				if (title != null && title.matches()) {
					displayed.computeIfAbsent(Integer.valueOf(title.group(1)), (number) -> new TreeSet<>())
						.add(type.getSimpleName() + "." + method.getName());
				}
			}
		}
		return displayed;
	}

	private static Matcher title(Method method) {
		DisplayName title = method.getAnnotation(DisplayName.class);
		return (title != null && AnnotationSupport.isAnnotated(method, Testable.class))
				? DISPLAYED.matcher(title.value()) : null;
	}

}
