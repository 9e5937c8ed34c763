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

package dev.failover.benchmarks.soak;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

import dev.failover.benchmarks.support.NodePair;

/**
 * What an application holds.
 *
 * @param threads the number of threads, without those that control the brokers
 * @param sockets the number of open sockets
 * @param connections the number of connections that the brokers have
 * @param channels the number of channels that the brokers have
 */
record Footprint(int threads, int sockets, int connections, int channels) {

	private static final Path DESCRIPTORS = Path.of("/proc/self/fd");

	/**
	 * Threads of the JDK that outlive the processes and tasks that they are for.
	 */
	private static final List<String> FOREIGN_THREADS = List.of("process reaper", "ForkJoinPool.commonPool",
			"Attach Listener");

	static Footprint measure(NodePair nodes) {
		int threads = (int) Thread.getAllStackTraces()
			.keySet()
			.stream()
			.filter((thread) -> FOREIGN_THREADS.stream().noneMatch(thread.getName()::startsWith))
			.count();
		return new Footprint(threads, openSockets(), sum(nodes, "length(rabbit_networking:connections())."),
				sum(nodes, "length(rabbit_channel:list())."));
	}

	private static int sum(NodePair nodes, String expression) {
		return nodes.all().stream().mapToInt((node) -> Integer.parseInt(node.evaluate(expression))).sum();
	}

	/**
	 * Return the number of open sockets, or 0 where the system does not tell.
	 */
	private static int openSockets() {
		if (!Files.isDirectory(DESCRIPTORS)) {
			return 0;
		}
		try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(DESCRIPTORS)) {
			int count = 0;
			for (Path descriptor : descriptors) {
				count += isSocket(descriptor) ? 1 : 0;
			}
			return count;
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private static boolean isSocket(Path descriptor) {
		try {
			return Files.readSymbolicLink(descriptor).toString().startsWith("socket:");
		}
		catch (IOException ex) {
			// closed since it was listed
			return false;
		}
	}

	/**
	 * Return the heap that is in use after a garbage collection.
	 */
	static double heapMegabytes() {
		System.gc();
		return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() / (1024.0 * 1024);
	}

	boolean isWithin(Footprint level) {
		return this.threads <= level.threads && this.sockets <= level.sockets && this.connections <= level.connections
				&& this.channels <= level.channels;
	}

	Footprint orMore(Footprint other) {
		return new Footprint(Math.max(this.threads, other.threads), Math.max(this.sockets, other.sockets),
				Math.max(this.connections, other.connections), Math.max(this.channels, other.channels));
	}

	@Override
	public String toString() {
		return "%d threads, %d sockets, %d connections, %d channels".formatted(this.threads, this.sockets,
				this.connections, this.channels);
	}

}
