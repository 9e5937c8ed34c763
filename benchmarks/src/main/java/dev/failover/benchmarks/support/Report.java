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

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What a benchmark has found: a table in Markdown for people, and the figure of each
 * single run as CSV.
 */
public final class Report {

	private final String name;

	private final List<String> table = new ArrayList<>();

	private final List<String> figures = new ArrayList<>();

	/**
	 * Begin a report.
	 * @param name the name of the benchmark, and of its files
	 * @param figures the columns of the single figures: what names the case, then
	 * {@code round}, then what was measured
	 */
	public Report(String name, String... figures) {
		this.name = name;
		this.figures.add(String.join(",", figures));
	}

	/**
	 * Add the figures of a single run.
	 * @param values one for each column
	 */
	public void figures(Object... values) {
		this.figures.add(String.join(",", List.of(values).stream().map(Object::toString).toList()));
		write(".csv", this.figures);
	}

	/**
	 * Add the head of a table.
	 * @param columns the titles
	 */
	public void head(String... columns) {
		row((Object[]) columns);
		this.table.add("|" + "---|".repeat(columns.length));
	}

	/**
	 * Add a row to the table.
	 * @param cells one for each column
	 */
	public void row(Object... cells) {
		this.table.add("| " + String.join(" | ", List.of(cells).stream().map(Object::toString).toList()) + " |");
	}

	/**
	 * Add a paragraph.
	 * @param text the text
	 */
	public void paragraph(String text) {
		if (!this.table.isEmpty()) {
			this.table.add("");
		}
		this.table.add(text);
		this.table.add("");
	}

	/**
	 * Write the table.
	 */
	public void write() {
		write(".md", this.table);
	}

	/**
	 * Return where reports are written to.
	 * @return the folder
	 */
	public static Path folder() {
		return Path.of(System.getProperty("benchmarks.results", "target/results"));
	}

	private void write(String suffix, List<String> lines) {
		try {
			Path folder = folder();
			Files.createDirectories(folder);
			Files.write(folder.resolve(this.name + suffix), lines);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

}
