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
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * The operating system's process of a RabbitMQ node. Its process id is that of Erlang's
 * virtual machine, as all scripts in between replace themselves.
 */
final class NodeProcess {

	/**
	 * Waits for permission, so that the watchdog knows the process before it is a node.
	 */
	private static final String LAUNCHER = "read -r go && exec \"$0\" \"$@\" < /dev/null";

	private static final Duration SIGNAL_TIMEOUT = Duration.ofSeconds(10);

	private final Process process;

	private final Watchdog watchdog;

	private volatile boolean frozen;

	private NodeProcess(Process process, Watchdog watchdog) {
		this.process = process;
		this.watchdog = watchdog;
	}

	static NodeProcess launch(ErlangRuntime runtime, Map<String, String> environment, Path console) {
		ProcessBuilder builder = new ProcessBuilder("/bin/sh", "-c", LAUNCHER,
				runtime.installation().server().toString())
			.directory(console.resolveSibling("").toFile())
			.redirectErrorStream(true)
			.redirectOutput(ProcessBuilder.Redirect.appendTo(console.toFile()));
		runtime.configure(builder.environment());
		builder.environment().putAll(environment);
		try {
			NodeProcess node = new NodeProcess(builder.start(), runtime.watchdog());
			runtime.watchdog().add(node.process);
			try (Writer writer = node.process.outputWriter(StandardCharsets.US_ASCII)) {
				writer.write("go\n");
			}
			return node;
		}
		catch (IOException ex) {
			throw new UncheckedIOException("Cannot start RabbitMQ", ex);
		}
	}

	boolean isAlive() {
		return this.process.isAlive();
	}

	boolean isFrozen() {
		return this.frozen;
	}

	long pid() {
		return this.process.pid();
	}

	/**
	 * End the process in an orderly way.
	 * @return whether it ended in time
	 */
	boolean terminate(Duration timeout) {
		thaw();
		this.process.destroy();
		return awaitEnd(timeout);
	}

	void kill() {
		this.process.destroyForcibly();
		if (!awaitEnd(SIGNAL_TIMEOUT)) {
			throw new IllegalStateException("Process %d cannot be killed".formatted(pid()));
		}
	}

	void freeze() {
		signal("STOP");
		this.frozen = true;
		if (!Waits.until(SIGNAL_TIMEOUT, this::isStopped)) {
			throw new IllegalStateException("Process %d cannot be frozen".formatted(pid()));
		}
	}

	void thaw() {
		if (this.frozen) {
			signal("CONT");
			this.frozen = false;
		}
	}

	/**
	 * Ask the system whether the process has stopped. Where it does not tell, the signal
	 * counts as delivered.
	 */
	private boolean isStopped() {
		Path stat = Path.of("/proc", Long.toString(pid()), "stat");
		try {
			return !Files.exists(stat) || Files.readString(stat).contains(") T ");
		}
		catch (IOException ex) {
			return true;
		}
	}

	private void signal(String name) {
		try {
			Process kill = new ProcessBuilder("/bin/sh", "-c", "kill -%s %d".formatted(name, pid())).start();
			if (!kill.waitFor(SIGNAL_TIMEOUT.toSeconds(), TimeUnit.SECONDS) || kill.exitValue() != 0) {
				throw new IllegalStateException("Cannot send signal %s to process %d".formatted(name, pid()));
			}
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException("Interrupted while sending a signal", ex);
		}
	}

	private boolean awaitEnd(Duration timeout) {
		boolean ended = Waits.until(timeout, () -> !this.process.isAlive());
		if (ended) {
			this.watchdog.remove(this.process);
		}
		return ended;
	}

}
