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
import java.nio.file.Path;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A shell that outlives the JVM by a moment: it reads from a pipe that only the JVM
 * holds, and when that ends, however the JVM ended, it kills the processes that it was
 * told of and deletes the JVM's working folder.
 */
final class Watchdog {

	private static final String SCRIPT = """
			trap '' HUP INT TERM
			pids=
			while read -r what pid; do
				case $what in
					add) pids="$pids $pid" ;;
					remove) rest=
						for p in $pids; do [ "$p" = "$pid" ] || rest="$rest $p"; done
						pids=$rest ;;
				esac
			done
			[ -z "$pids" ] || kill -9 $pids
			tries=0
			while [ -e "$1" ] && [ $tries -lt 50 ]; do
				rm -rf "$1" || sleep 0.1
				tries=$((tries + 1))
			done
			""";

	private final ReentrantLock lock = new ReentrantLock();

	private final Writer pipe;

	Watchdog(Path folder) {
		ProcessBuilder builder = new ProcessBuilder("/bin/sh", "-c", SCRIPT, "failover-test-watchdog",
				folder.toString())
			.directory(folder.getRoot().toFile())
			.redirectOutput(ProcessBuilder.Redirect.DISCARD)
			.redirectError(ProcessBuilder.Redirect.DISCARD);
		try {
			this.pipe = builder.start().outputWriter(StandardCharsets.US_ASCII);
		}
		catch (IOException ex) {
			throw new UncheckedIOException("Cannot start the watchdog", ex);
		}
	}

	void add(Process process) {
		tell("add", process);
	}

	void remove(Process process) {
		tell("remove", process);
	}

	private void tell(String what, Process process) {
		this.lock.lock();
		try {
			this.pipe.write("%s %d\n".formatted(what, process.pid()));
			this.pipe.flush();
		}
		catch (IOException ex) {
			throw new UncheckedIOException("The watchdog is gone", ex);
		}
		finally {
			this.lock.unlock();
		}
	}

}
