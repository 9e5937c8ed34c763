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

package dev.failover.benchmarks.throughput;

import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;

import dev.failover.benchmarks.support.NodePair;
import dev.failover.benchmarks.support.Waits;
import dev.failover.template.FailoverTemplate;

/**
 * Publishes with {@link FailoverTemplate#convertAndSend(String, Object)} from a number of
 * threads, each of which waits for the confirm of each message.
 */
final class FailoverLoad implements Load {

	private final FailoverTemplate template;

	private final ExecutorService executor;

	private final int threads;

	FailoverLoad(FailoverTemplate template, int threads) {
		this.template = template;
		this.threads = threads;
		this.executor = Executors.newFixedThreadPool(threads);
	}

	@Override
	public void publish(byte[] body, int messages) throws Exception {
		this.template.setMandatory(true);
		Callable<Void> share = () -> {
			for (int i = 0; i < messages / this.threads; i++) {
				this.template.convertAndSend(NodePair.QUEUE, body);
			}
			return null;
		};
		List<Future<Void>> parts = Stream.generate(() -> this.executor.submit(share)).limit(this.threads).toList();
		for (Future<Void> part : parts) {
			Waits.get(part, "the end of a thread that publishes");
		}
	}

	@Override
	public void close() {
		this.executor.shutdownNow();
	}

}
