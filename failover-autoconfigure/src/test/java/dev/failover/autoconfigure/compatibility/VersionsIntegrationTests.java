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

package dev.failover.autoconfigure.compatibility;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import javax.tools.ToolProvider;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for what an application meets on class paths of other versions, each started as a
 * process of its own. The build puts their jars below {@code target/versions}.
 */
class VersionsIntegrationTests {

	private static final Path VERSIONS = Path.of("target", "versions");

	@TempDir
	private Path directory;

	@Test
	void startsWithTheVersionsOfTheBuild() throws Exception {
		assertThat(run(classPath(List.of("spring-cloud")))).contains(VersionApplication.STARTED)
			.contains("exit code 0")
			.doesNotContain("FAILED TO START");
	}

	@Test
	void springAmqpWhoseChannelsStayOpenIsRejected() throws Exception {
		List<String> classPath = classPath(List.of("spring-cloud", "spring-rabbit", "spring-amqp"));
		assertThat(run(with(classPath, "amqp-4.1.1"))).contains("APPLICATION FAILED TO START")
			.contains("Failover needs Spring AMQP 4.1.2 or a later patch release, but found 4.1.1.")
			.contains("'spring-amqp.version' to 4.1.2")
			.contains("'failover.enabled=false'")
			.contains("exit code 1");
	}

	@Test
	void springAmqpWhoseChannelsStayOpenIsLeftToSpringWhenFailoverIsDisabled() throws Exception {
		List<String> classPath = classPath(List.of("spring-cloud", "spring-rabbit", "spring-amqp"));
		assertThat(run(with(classPath, "amqp-4.1.1"), "--failover.enabled=false"))
			.contains("dev.failover.template.FailoverTemplate")
			.doesNotContain("Failover needs");
	}

	@Test
	void earlierSpringBootIsRejected() throws Exception {
		List<String> classPath = classPath(
				List.of("spring-cloud", "spring-boot", "spring-rabbit", "spring-amqp", "amqp-client"));
		assertThat(run(with(classPath, "boot-4.0"))).contains("APPLICATION FAILED TO START")
			.contains("Failover needs Spring Boot 4.1 or a later patch release, but found 4.0.")
			.contains("Upgrade Spring Boot to 4.1.2")
			.contains("exit code 1")
			.doesNotContain("NoClassDefFoundError");
	}

	/**
	 * There is no release of it yet.
	 */
	@Test
	void springBootWithTheMovedPackageIsRejected() throws Exception {
		List<String> classPath = classPath(List.of("spring-cloud", "spring-boot-amqp"));
		classPath.add(moved().toString());
		assertThat(run(classPath)).contains("APPLICATION FAILED TO START")
			.contains("Failover needs Spring Boot 4.1 or a later patch release, but found 4.2 or later.")
			.contains("Use Spring Boot 4.1, or a version of this library that is made for yours")
			.contains("exit code 1");
	}

	private Path moved() throws IOException {
		Path source = Files.createDirectories(this.directory.resolve("source")).resolve("RabbitConnectionDetails.java");
		Files.writeString(source,
				"package org.springframework.boot.rabbitmq.autoconfigure; public interface RabbitConnectionDetails { }");
		Path classes = Files.createDirectories(this.directory.resolve("classes"));
		assertThat(
				ToolProvider.getSystemJavaCompiler().run(null, null, null, "-d", classes.toString(), source.toString()))
			.isZero();
		return classes;
	}

	/**
	 * The class path of the tests without the jars of the given names, and of other
	 * modules of those names.
	 */
	private static List<String> classPath(List<String> without) {
		return new ArrayList<>(Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
			.filter((entry) -> without.stream()
				.noneMatch((name) -> Path.of(entry).getFileName().toString().startsWith(name)))
			.toList());
	}

	private static List<String> with(List<String> classPath, String version) throws IOException {
		try (Stream<Path> jars = Files.list(VERSIONS.resolve(version))) {
			return Stream.concat(jars.map(Path::toString), classPath.stream()).toList();
		}
	}

	private String run(List<String> classPath, String... arguments) throws Exception {
		List<String> command = new ArrayList<>(
				List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp",
						String.join(File.pathSeparator, classPath), VersionApplication.class.getName(),
						"--failover.brokers=amqp://a;amqp://b"));
		command.addAll(List.of(arguments));
		Path output = this.directory.resolve("output");
		Process jvm = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile()).start();
		try {
			assertThat(jvm.waitFor(2, TimeUnit.MINUTES)).isTrue();
			return Files.readString(output, StandardCharsets.UTF_8) + "exit code " + jvm.exitValue();
		}
		finally {
			jvm.destroyForcibly();
		}
	}

}
