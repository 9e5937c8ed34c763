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
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * What all RabbitMQ nodes of this JVM share: a working folder, an Erlang cookie, a port
 * mapper of their own and the watchdog that ends all of it with the JVM.
 */
final class ErlangRuntime {

	private static final ConcurrentMap<RabbitInstallation, ErlangRuntime> RUNTIMES = new ConcurrentHashMap<>();

	private final RabbitInstallation installation;

	private final Path folder;

	private final Path home;

	private final Watchdog watchdog;

	private final PortReservation epmdPort = PortReservation.any();

	private ErlangRuntime(RabbitInstallation installation) {
		this.installation = installation;
		try {
			this.folder = Files.createTempDirectory("failover-rabbit");
			this.watchdog = new Watchdog(this.folder);
			this.home = Files.createDirectory(this.folder.resolve("home"));
			Path cookie = this.home.resolve(".erlang.cookie");
			Files.createFile(cookie,
					PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
			Files.writeString(cookie, UUID.randomUUID().toString());
			Files.setPosixFilePermissions(cookie, PosixFilePermissions.fromString("r--------"));
			startPortMapper();
		}
		catch (IOException ex) {
			throw new UncheckedIOException("Cannot prepare RabbitMQ nodes", ex);
		}
	}

	/**
	 * Return the runtime of an installation, which is created on first use and never ends
	 * before the JVM.
	 */
	static ErlangRuntime of(RabbitInstallation installation) {
		return RUNTIMES.computeIfAbsent(installation, ErlangRuntime::new);
	}

	RabbitInstallation installation() {
		return this.installation;
	}

	Path folder() {
		return this.folder;
	}

	Watchdog watchdog() {
		return this.watchdog;
	}

	/**
	 * Make an environment for Erlang programs that depends on nothing outside.
	 */
	void configure(Map<String, String> environment) {
		environment.keySet()
			.removeIf((key) -> key.startsWith("RABBITMQ_") || key.startsWith("ERL_") || key.equals("NOTIFY_SOCKET"));
		environment.put("HOME", this.home.toString());
		environment.put("ERL_EPMD_PORT", Integer.toString(this.epmdPort.port()));
		environment.put("ERL_EPMD_ADDRESS", PortReservation.loopback().getHostAddress());
	}

	private void startPortMapper() throws IOException {
		ProcessBuilder builder = new ProcessBuilder(this.installation.epmd().toString())
			.redirectOutput(ProcessBuilder.Redirect.DISCARD)
			.redirectError(ProcessBuilder.Redirect.DISCARD);
		configure(builder.environment());
		this.watchdog.add(builder.start());
	}

}
