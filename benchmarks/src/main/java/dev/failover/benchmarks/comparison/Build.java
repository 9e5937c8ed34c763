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

package dev.failover.benchmarks.comparison;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;

import dev.failover.benchmarks.support.BenchmarkException;

/**
 * A build that is measured, and what it is measured with.
 *
 * @param key names it in files
 * @param title names it in tables
 * @param classPath this benchmark with the classes of the build
 */
record Build(String key, String title, String classPath) {

	private static final String CLASS_PATH = System.getProperty("java.class.path");

	private static final String MODULE = "failover-autoconfigure";

	static Build own() {
		return new Build("own", "this build", CLASS_PATH);
	}

	/**
	 * Find another build.
	 * @param folder a work tree of this project that is built
	 * @return the build
	 */
	static Build of(Path folder) {
		Path classes = folder.resolve(MODULE).resolve("target").resolve("classes");
		if (!Files.isDirectory(classes)) {
			throw new BenchmarkException("There is no build in '%s'".formatted(folder));
		}
		String classPath = Arrays.stream(CLASS_PATH.split(File.pathSeparator))
			.map((entry) -> isModule(Path.of(entry)) ? classes.toAbsolutePath().toString() : entry)
			.collect(Collectors.joining(File.pathSeparator));
		if (classPath.equals(CLASS_PATH)) {
			throw new IllegalStateException("No %s in the class path".formatted(MODULE));
		}
		return new Build("other", revision(folder), classPath);
	}

	private static boolean isModule(Path entry) {
		return entry.getFileName().toString().startsWith(MODULE + "-");
	}

	private static String revision(Path folder) {
		try {
			Process git = new ProcessBuilder("git", "-C", folder.toString(), "rev-parse", "--short", "HEAD").start();
			try (var output = git.inputReader()) {
				String revision = output.readLine();
				return (revision != null) ? "revision " + revision : "the other build";
			}
		}
		catch (IOException ex) {
			return "the other build";
		}
	}

}
