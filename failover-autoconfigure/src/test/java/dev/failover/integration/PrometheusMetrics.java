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

package dev.failover.integration;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The metrics that Prometheus reads from an application, and what expressions get wrong
 * about them.
 */
final class PrometheusMetrics {

	/**
	 * What Prometheus, or the configuration of an application, adds to all metrics.
	 */
	private static final Set<String> EVERYWHERE = Set.of("application", "instance", "job");

	private static final Set<String> WORDS = Set.of("sum", "max", "min", "avg", "count", "rate", "increase",
			"histogram_quantile", "and", "or", "unless", "by", "without", "on", "ignoring", "group_left", "offset",
			"label_values", "clamp_min");

	private static final Pattern SAMPLE = Pattern.compile("^([a-z0-9_:]+)(?:\\{(.*)})? \\S+$");

	private static final Pattern PAIR = Pattern.compile("([a-z_]+)=\"((?:[^\"\\\\]|\\\\.)*)\"");

	private static final Pattern SELECTOR = Pattern.compile("([a-z0-9_:]+)\\s*\\{([^}]*)}");

	private static final Pattern MATCHER = Pattern.compile("([a-z_]+)\\s*(=~|!~|!=|=)\\s*\"([^\"]*)\"");

	private static final Pattern LABELS = Pattern.compile("\\b(by|without|on|ignoring|group_left)\\s*\\(([^)]*)\\)");

	private static final Pattern NAME = Pattern.compile("[a-z_:][a-z0-9_:]*");

	private final Map<String, Map<String, Set<String>>> metrics = new HashMap<>();

	/**
	 * Read what an application answers.
	 */
	PrometheusMetrics(String scraped) {
		for (String line : scraped.split("\n")) {
			Matcher sample = SAMPLE.matcher(line);
			if (!line.startsWith("#") && sample.matches()) {
				Map<String, Set<String>> labels = this.metrics.computeIfAbsent(sample.group(1),
						(name) -> new HashMap<>());
				Matcher pair = PAIR.matcher((sample.group(2) != null) ? sample.group(2) : "");
				while (pair.find()) {
					labels.computeIfAbsent(pair.group(1), (name) -> new HashSet<>()).add(pair.group(2));
				}
			}
		}
	}

	/**
	 * Return what an expression, or a text with labels of its result, names that there is
	 * not.
	 * @param expression the expression
	 * @param shown the names of the labels that are shown of its result
	 */
	List<String> mistakes(String expression, Set<String> shown) {
		List<String> mistakes = new ArrayList<>();
		String rest = selectors(expression, mistakes);
		Set<String> grouped = new HashSet<>(shown);
		Matcher labels = LABELS.matcher(rest);
		while (labels.find()) {
			grouped.addAll(names(labels.group(2)));
		}
		rest = labels.reset().replaceAll(" ").replaceAll("\\[[^]]*]", " ").replaceAll("offset\\s+\\S+", " ");
		Set<String> known = new HashSet<>(EVERYWHERE);
		for (String name : names(rest)) {
			if (this.metrics.containsKey(name)) {
				known.addAll(this.metrics.get(name).keySet());
			}
			else if (!WORDS.contains(name) && !known.contains(name)) {
				mistakes.add("no metric '%s'".formatted(name));
			}
		}
		grouped.stream()
			.filter((label) -> !known.contains(label))
			.forEach((label) -> mistakes.add("no label '%s'".formatted(label)));
		if (balance(expression) != 0) {
			mistakes.add("parentheses do not match");
		}
		return mistakes.stream().map((mistake) -> mistake + " in: " + expression).toList();
	}

	/**
	 * Look at what selects the samples of a metric.
	 * @return the expression without that
	 */
	private String selectors(String expression, List<String> mistakes) {
		Matcher selector = SELECTOR.matcher(expression);
		while (selector.find()) {
			Map<String, Set<String>> labels = this.metrics.getOrDefault(selector.group(1), Map.of());
			Matcher matcher = MATCHER.matcher(selector.group(2));
			while (matcher.find()) {
				String label = matcher.group(1);
				Set<String> values = labels.get(label);
				if (values == null && !EVERYWHERE.contains(label)) {
					mistakes.add("no label '%s' of '%s'".formatted(label, selector.group(1)));
				}
				else if (values != null && !matcher.group(3).contains("$")) {
					for (String value : matcher.group(3).split("\\|")) {
						if (!values.contains(value)) {
							mistakes.add("no value '%s' of '%s'".formatted(value, label));
						}
					}
				}
			}
		}
		return selector.reset().replaceAll("$1 ");
	}

	private static Set<String> names(String text) {
		Set<String> names = new HashSet<>();
		Matcher name = NAME.matcher(text);
		while (name.find()) {
			boolean number = name.start() > 0 && Character.isLetterOrDigit(text.charAt(name.start() - 1));
			boolean variable = name.start() > 0 && text.charAt(name.start() - 1) == '$';
			if (!number && !variable) {
				names.add(name.group());
			}
		}
		return names;
	}

	private static int balance(String expression) {
		return expression.replaceAll("[^({\\[]", "").length() - expression.replaceAll("[^)}\\]]", "").length();
	}

}
