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

import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The Java code in the documentation compiles with the imports that are shown with it. It
 * is tested here, as an application has everything on its class path that it needs.
 */
class DocumentationTests {

	private static final Path ROOT = Path.of("..", "..");

	private static final Pattern BLOCK = Pattern.compile("^```java\\n(.*?)^```$", Pattern.MULTILINE | Pattern.DOTALL);

	private static final Pattern UNIT = Pattern.compile("^(package |(public )?class )", Pattern.MULTILINE);

	private static final Pattern PUBLIC = Pattern.compile("^public class (\\w+)", Pattern.MULTILINE);

	private static final Pattern PACKAGES = Pattern.compile("^\\| (`\\w+`[^|]*) \\| `(dev\\.failover\\.[a-z.]+)` \\|$",
			Pattern.MULTILINE);

	/**
	 * What snippets of methods and statements take for granted.
	 */
	private static final String APPLICATION = """
			package example;

			class Application {

				final dev.failover.template.FailoverTemplate template = null;

				final Store repository = null;

				final Store outbox = null;

				final Order order = null;

				int work() {
					return 1;
				}

				void handle(org.springframework.amqp.core.Message message) {
				}

				record Order(String id) {
				}

				interface Vault {

					String password(String name);

				}

				interface Store {

					void save(Order order);

					void add(Order order);

				}

			}
			""";

	@TempDir
	private Path directory;

	@ParameterizedTest
	@MethodSource("snippets")
	void snippetCompiles(Snippet snippet) throws IOException {
		List<String> failures = new ArrayList<>();
		for (String source : snippet.sources()) {
			String failure = compile(source);
			if (failure.isEmpty()) {
				return;
			}
			failures.add(source + "\n" + failure);
		}
		assertThat(failures).as(snippet.toString()).isEmpty();
	}

	static Stream<Snippet> snippets() throws IOException {
		List<Snippet> snippets = new ArrayList<>();
		for (Path page : pages()) {
			String text = Files.readString(page);
			Matcher block = BLOCK.matcher(text);
			while (block.find()) {
				long line = text.substring(0, block.start()).lines().count() + 1;
				snippets.add(new Snippet(page.getFileName() + ":" + line, block.group(1)));
			}
		}
		return snippets.stream();
	}

	private static List<Path> pages() throws IOException {
		List<Path> pages = new ArrayList<>(List.of(ROOT.resolve("README.md")));
		try (DirectoryStream<Path> docs = Files.newDirectoryStream(ROOT.resolve("docs"), "*.md")) {
			docs.forEach(pages::add);
		}
		return pages;
	}

	@Test
	void wrongImportDoesNotCompile() throws IOException {
		Snippet snippet = new Snippet("", "import dev.failover.Ensure;\n\n@Ensure\nvoid place(Order order) {\n}\n");
		assertThat(compile(snippet.sources().get(0))).contains("dev.failover.Ensure");
	}

	@Test
	void packagesOfTypesAreRight() throws IOException {
		Matcher row = PACKAGES.matcher(Files.readString(ROOT.resolve("README.md")));
		List<String> types = new ArrayList<>();
		while (row.find()) {
			for (String name : row.group(1).replace("`", "").split(", ")) {
				types.add(row.group(2) + "." + name);
			}
		}
		assertThat(types).hasSizeGreaterThan(10)
			.contains("dev.failover.template.FailoverTemplate", "dev.failover.ensure.Ensure")
			.allSatisfy((type) -> assertThat(Class.forName(type)).isPublic());
	}

	private String compile(String source) throws IOException {
		Path sources = Files.createTempDirectory(this.directory, "snippet");
		Matcher publicClass = PUBLIC.matcher(source);
		Path file = sources.resolve(publicClass.find() ? publicClass.group(1) + ".java" : "Snippet.java");
		Files.writeString(file, source);
		Path application = sources.resolve("Application.java");
		Files.writeString(application, APPLICATION);
		JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
		StringWriter output = new StringWriter();
		boolean compiled = compiler
			.getTask(output, null, null,
					List.of("-proc:none", "-d", sources.toString(), "-cp", System.getProperty("java.class.path")), null,
					compiler.getStandardFileManager(null, null, null).getJavaFileObjects(file, application))
			.call();
		return compiled ? "" : output.toString();
	}

	/**
	 * Code of a page.
	 *
	 * @param place where it is
	 * @param code the code
	 */
	record Snippet(String place, String code) {

		/**
		 * The compilation unit, or those that it may be a part of.
		 */
		List<String> sources() {
			if (UNIT.matcher(this.code).find()) {
				return List.of(this.code);
			}
			String imports = lines(true);
			String body = lines(false);
			return List.of(
					"package example;\n%s\nclass Snippet extends Application {\n%s\n}\n".formatted(imports, body),
					"package example;\n%s\nclass Snippet extends Application {\nvoid run() throws Exception {\n%s\n}\n}\n"
						.formatted(imports, body));
		}

		private String lines(boolean imports) {
			return this.code.lines()
				.filter((line) -> line.startsWith("import ") == imports)
				.collect(Collectors.joining("\n"));
		}

		@Override
		public String toString() {
			return this.place;
		}

	}

}
