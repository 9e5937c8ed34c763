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

import java.io.File;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * The RabbitMQ server and the Erlang tools that are installed on this machine.
 *
 * @param server the start script of the server
 * @param epmd Erlang's port mapper
 * @param erlCall Erlang's command line client
 */
record RabbitInstallation(Path server, Path epmd, Path erlCall) {

	static final String HOME_PROPERTY = "failover.test.rabbitmq-home";

	private static final List<String> PACKAGE_FOLDERS = List.of("/usr/lib/rabbitmq/lib", "/usr/local/lib/rabbitmq/lib");

	private static final List<String> HOMES = List.of("/usr/lib/rabbitmq", "/opt/rabbitmq",
			"/opt/homebrew/opt/rabbitmq", "/usr/local/opt/rabbitmq");

	private static final List<String> ERLANG_HOMES = List.of("/usr/lib/erlang", "/usr/local/lib/erlang",
			"/opt/homebrew/lib/erlang");

	static RabbitAvailability availability() {
		if (File.separatorChar != '/') {
			return new RabbitAvailability(false, "RabbitMQ nodes are controlled by POSIX signals");
		}
		Optional<Path> server = findServer();
		if (server.isEmpty()) {
			return new RabbitAvailability(false,
					"rabbitmq-server is not installed (looked at %s, or set the system property '%s')".formatted(HOMES,
							HOME_PROPERTY));
		}
		if (tool("epmd").isEmpty() || tool("erl_call").isEmpty()) {
			return new RabbitAvailability(false, "Erlang's epmd or erl_call is not installed");
		}
		return new RabbitAvailability(true, server.get().toString());
	}

	static RabbitInstallation find() {
		RabbitAvailability availability = availability();
		if (!availability.available()) {
			throw new IllegalStateException(availability.description());
		}
		return new RabbitInstallation(findServer().orElseThrow(), tool("epmd").orElseThrow(),
				tool("erl_call").orElseThrow());
	}

	private static Optional<Path> findServer() {
		List<Path> candidates = new ArrayList<>();
		String home = System.getProperty(HOME_PROPERTY, System.getenv("RABBITMQ_HOME"));
		if (home != null) {
			candidates.add(Path.of(home, "sbin", "rabbitmq-server"));
		}
		for (String folder : PACKAGE_FOLDERS) {
			children(Path.of(folder), "rabbitmq_server-*")
				.forEach((child) -> candidates.add(child.resolve("sbin/rabbitmq-server")));
		}
		HOMES.forEach((folder) -> candidates.add(Path.of(folder, "sbin", "rabbitmq-server")));
		return candidates.stream().filter(Files::isExecutable).findFirst();
	}

	private static Optional<Path> tool(String name) {
		List<Path> candidates = new ArrayList<>();
		for (String folder : System.getenv().getOrDefault("PATH", "").split(File.pathSeparator)) {
			candidates.add(Path.of(folder, name));
		}
		for (String home : ERLANG_HOMES) {
			children(Path.of(home), "erts-*").forEach((child) -> candidates.add(child.resolve("bin").resolve(name)));
			children(Path.of(home, "lib"), "erl_interface-*")
				.forEach((child) -> candidates.add(child.resolve("bin").resolve(name)));
		}
		return candidates.stream().filter(Files::isExecutable).findFirst();
	}

	/**
	 * Return the children of a folder, the newest version first.
	 */
	private static List<Path> children(Path folder, String glob) {
		List<Path> children = new ArrayList<>();
		if (Files.isDirectory(folder)) {
			try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder, glob)) {
				stream.forEach(children::add);
			}
			catch (IOException ex) {
				return List.of();
			}
		}
		children.sort(Collections.reverseOrder());
		return children;
	}

}
