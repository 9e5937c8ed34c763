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

import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.opentest4j.TestAbortedException;
import org.springframework.util.FileSystemUtils;

/**
 * A headless browser: Debian's chromium, with a profile of its own, that reaches nothing
 * but this machine.
 */
final class Chromium implements AutoCloseable {

	private static final Duration TIMEOUT = Duration.ofSeconds(30);

	private static final List<String> NAMES = List.of("chromium", "chromium-browser", "google-chrome");

	private final Path profile;

	private final Process process;

	private final URI devTools;

	private Chromium(Path profile, Process process, URI devTools) {
		this.profile = profile;
		this.process = process;
		this.devTools = devTools;
	}

	/**
	 * Start the browser. The test is skipped if it is not installed; with CI=true it
	 * fails.
	 */
	static Chromium start() throws IOException {
		Path profile = Files.createTempDirectory("chromium");
		Process process = null;
		try {
			process = new ProcessBuilder(command(require(), profile)).redirectErrorStream(true)
				.redirectOutput(profile.resolve("output.log").toFile())
				.start();
			return new Chromium(profile, process, awaitDevTools(profile, process));
		}
		catch (IOException | RuntimeException ex) {
			end(process, profile);
			throw ex;
		}
	}

	private static Path require() {
		Optional<Path> found = find(System.getenv("PATH"));
		if (found.isEmpty()) {
			refuse(Boolean.parseBoolean(System.getenv("CI")));
		}
		return found.orElseThrow();
	}

	static Optional<Path> find(String path) {
		return Stream.of(path.split(File.pathSeparator))
			.flatMap((directory) -> NAMES.stream().map((name) -> Path.of(directory, name)))
			.filter(Files::isExecutable)
			.findFirst();
	}

	static void refuse(boolean mandatory) {
		String missing = "chromium is not installed: none of %s is in the PATH".formatted(NAMES);
		if (mandatory) {
			throw new IllegalStateException("Must not be skipped with CI=true: " + missing);
		}
		throw new TestAbortedException("Skipped: " + missing);
	}

	private static List<String> command(Path chromium, Path profile) {
		List<String> command = new ArrayList<>(List.of(chromium.toString(), "--headless=new", "--disable-gpu",
				"--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
				"--disable-component-update", "--disable-sync", "--disable-extensions", "--hide-scrollbars",
				"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost", "--remote-debugging-port=0",
				"--user-data-dir=" + profile));
		if (System.getProperty("user.name").equals("root")) {
			command.add("--no-sandbox");
		}
		command.add("about:blank");
		return command;
	}

	/**
	 * The browser writes down where it listens: a port, and the path of a web socket.
	 */
	private static URI awaitDevTools(Path profile, Process process) throws IOException {
		Path file = profile.resolve("DevToolsActivePort");
		Awaitility.await()
			.atMost(TIMEOUT)
			.pollInterval(Duration.ofMillis(50))
			.until(() -> !process.isAlive() || (Files.exists(file) && Files.readAllLines(file).size() == 2));
		if (!process.isAlive()) {
			throw new IllegalStateException("chromium has ended: " + Files.readString(profile.resolve("output.log")));
		}
		List<String> lines = Files.readAllLines(file);
		return URI.create("ws://127.0.0.1:%s%s".formatted(lines.get(0), lines.get(1)));
	}

	URI devTools() {
		return this.devTools;
	}

	@Override
	public void close() throws IOException {
		end(this.process, this.profile);
	}

	private static void end(@Nullable Process process, Path profile) throws IOException {
		if (process != null) {
			List<ProcessHandle> children = process.descendants().toList();
			process.destroy();
			try {
				if (!process.waitFor(5, TimeUnit.SECONDS)) {
					process.destroyForcibly().waitFor(5, TimeUnit.SECONDS);
				}
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
			}
			children.forEach(ProcessHandle::destroyForcibly);
			Awaitility.await().atMost(TIMEOUT).until(() -> children.stream().noneMatch(ProcessHandle::isAlive));
		}
		FileSystemUtils.deleteRecursively(profile);
	}

}
