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

package dev.failover.test;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

/**
 * The folder of a RabbitMQ node: configuration, data and logs.
 */
final class NodeFiles {

	private static final int TAIL_LINES = 100;

	private final Path folder;

	NodeFiles(Path parent, String name, List<String> plugins) {
		try {
			this.folder = Files.createDirectory(parent.resolve(name));
			Files.createDirectory(this.folder.resolve("log"));
			Files.writeString(this.folder.resolve("enabled_plugins"), "[%s].\n".formatted(String.join(",", plugins)));
		}
		catch (IOException ex) {
			throw new UncheckedIOException("Cannot prepare node '%s'".formatted(name), ex);
		}
	}

	Path console() {
		return this.folder.resolve("log").resolve("console.log");
	}

	Map<String, String> environment(String nodeName, int distributionPort) {
		return Map.of("RABBITMQ_NODENAME", nodeName, "RABBITMQ_DIST_PORT", Integer.toString(distributionPort),
				"RABBITMQ_CONF_ENV_FILE", "/dev/null", "RABBITMQ_MNESIA_BASE", this.folder.resolve("data").toString(),
				"RABBITMQ_LOG_BASE", this.folder.resolve("log").toString(), "RABBITMQ_CONFIG_FILE",
				this.folder.resolve("rabbitmq.conf").toString(), "RABBITMQ_ENABLED_PLUGINS_FILE",
				this.folder.resolve("enabled_plugins").toString(), "RABBITMQ_SERVER_ERL_ARGS",
				"+S 2:2 +A 4 +P 262144 +t 1048576 +sbwt none +sbwtdcpu none +sbwtdio none",
				// makes the start script replace itself by the node
				"RUNNING_UNDER_SYSTEMD", "true");
	}

	/**
	 * Make the node's certificates.
	 * @param host the name of the host that they are valid for
	 */
	TlsFiles createCertificates(String host) {
		return TestCertificates.create(this.folder.resolve("tls"), host);
	}

	/**
	 * Write the node's configuration.
	 * @param lines the configuration
	 * @param definitions users, virtual hosts and permissions to create, {@code null} to
	 * leave them as they are
	 */
	void writeConfiguration(List<String> lines, @Nullable Object definitions) {
		List<String> all = new ArrayList<>(lines);
		Path file = this.folder.resolve("definitions.json");
		try {
			Files.deleteIfExists(file);
			if (definitions != null) {
				Files.writeString(file, Json.write(definitions));
				all.add("load_definitions = " + file);
			}
			Files.write(this.folder.resolve("rabbitmq.conf"), all);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * Return the last lines of the node's log and of its console.
	 */
	String logTail() {
		StringBuilder tail = new StringBuilder();
		for (Path file : List.of(console(), this.folder.resolve("log").resolve("rabbit.log"))) {
			if (Files.exists(file)) {
				tail.append("--- ").append(file.getFileName()).append('\n').append(tail(file)).append('\n');
			}
		}
		return tail.toString();
	}

	void delete() {
		if (!Files.exists(this.folder)) {
			return;
		}
		try (Stream<Path> files = Files.walk(this.folder)) {
			for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
				Files.deleteIfExists(file);
			}
		}
		catch (IOException ex) {
			throw new UncheckedIOException("Cannot delete %s".formatted(this.folder), ex);
		}
	}

	private static String tail(Path file) {
		try {
			List<String> lines = new String(Files.readAllBytes(file), StandardCharsets.UTF_8).lines().toList();
			return String.join("\n", lines.subList(Math.max(0, lines.size() - TAIL_LINES), lines.size()));
		}
		catch (IOException ex) {
			return ex.toString();
		}
	}

}
