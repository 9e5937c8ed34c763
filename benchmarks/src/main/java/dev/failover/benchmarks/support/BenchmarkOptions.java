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

package dev.failover.benchmarks.support;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The options of a benchmark, each {@code --name=value}.
 */
public final class BenchmarkOptions {

	/**
	 * The option of {@link #rabbit()}.
	 */
	public static final String RABBIT = "rabbitmq";

	private final Map<String, String> values = new TreeMap<>();

	private BenchmarkOptions() {
	}

	/**
	 * Parse options.
	 * @param known the names that the benchmark knows
	 * @param arguments the options
	 * @return the parsed options
	 */
	public static BenchmarkOptions parse(List<String> known, String... arguments) {
		BenchmarkOptions options = new BenchmarkOptions();
		for (String argument : arguments) {
			String[] parts = argument.split("=", 2);
			String name = parts[0].startsWith("--") ? parts[0].substring(2) : "";
			if (parts.length != 2 || !known.contains(name)) {
				throw new BenchmarkException(
						"Unknown option '%s': use --name=value with one of %s".formatted(argument, known));
			}
			options.values.put(name, parts[1]);
		}
		return options;
	}

	/**
	 * Return a number.
	 * @param name the name of the option
	 * @param otherwise the number if the option is not given
	 * @return the number, at least 1
	 */
	public int number(String name, int otherwise) {
		String value = this.values.get(name);
		if (value == null) {
			return otherwise;
		}
		if (!value.matches("[1-9]\\d{0,8}")) {
			throw new BenchmarkException("--%s=%s is not a number of at least 1".formatted(name, value));
		}
		return Integer.parseInt(value);
	}

	/**
	 * Return a text.
	 * @param name the name of the option, which must be given
	 * @return the value
	 */
	public String text(String name) {
		String value = this.values.get(name);
		if (value == null) {
			throw new BenchmarkException("--%s=value is missing".formatted(name));
		}
		return value;
	}

	/**
	 * Return a time.
	 * @param name the name of the option, whose value is in seconds
	 * @param otherwise the time if the option is not given
	 * @return the time
	 */
	public Duration seconds(String name, Duration otherwise) {
		return Duration.ofSeconds(number(name, (int) otherwise.toSeconds()));
	}

	/**
	 * Return the version of RabbitMQ.
	 * @return the beginning of the version, empty if the option is not given
	 */
	public String rabbit() {
		return this.values.getOrDefault(RABBIT, "");
	}

	/**
	 * Return a selection.
	 * @param name the name of the option, whose values are separated by commas
	 * @param all what can be selected; all of it if the option is not given
	 * @return what is selected, in the order of {@code all}
	 */
	public List<String> selection(String name, List<String> all) {
		String value = this.values.get(name);
		if (value == null) {
			return all;
		}
		List<String> wanted = Arrays.asList(value.split(","));
		if (!all.containsAll(wanted)) {
			throw new BenchmarkException("--%s=%s: use some of %s".formatted(name, value, all));
		}
		return all.stream().filter(wanted::contains).toList();
	}

}
