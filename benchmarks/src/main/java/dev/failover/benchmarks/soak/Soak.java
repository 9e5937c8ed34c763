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

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

import org.springframework.context.ConfigurableApplicationContext;

import dev.failover.benchmarks.application.FailoverPublisher;
import dev.failover.benchmarks.application.Publisher;
import dev.failover.benchmarks.stream.MessageStream;
import dev.failover.benchmarks.stream.StreamSettings;
import dev.failover.benchmarks.stream.Tally;
import dev.failover.benchmarks.support.NodePair;
import dev.failover.test.RabbitNode;

/**
 * One application that publishes and consumes, and that loses its active broker again and
 * again.
 */
final class Soak {

	/**
	 * Rounds after which everything has been created that is created once.
	 */
	static final int WARM_UP = 4;

	private static final Duration PATIENCE = Duration.ofSeconds(30);

	private static final StreamSettings SETTINGS = new StreamSettings(500, 16, PATIENCE);

	private final NodePair nodes;

	private final Tally tally = new Tally();

	private final List<SoakRound> rounds = new ArrayList<>();

	private Footprint level = new Footprint(0, 0, 0, 0);

	Soak(NodePair nodes) {
		this.nodes = nodes;
	}

	/**
	 * Let the application lose its broker.
	 * @param count how many times, after those that warm up
	 * @param progress told of each time
	 * @return what it has shown
	 */
	SoakResult run(int count, Consumer<SoakRound> progress) {
		ConfigurableApplicationContext context = FailoverPublisher.run(SoakApplication.class,
				this.nodes.all().stream().map(RabbitNode::uri).toList(), this.nodes.authorities());
		context.getBean(SoakApplication.class).deliverTo(this.tally);
		try (Publisher publisher = FailoverPublisher.of(context)) {
			try (MessageStream stream = MessageStream.start(publisher, SETTINGS, this.tally)) {
				for (int round = 1 - WARM_UP; round <= count; round++) {
					progress.accept(run(round, publisher, stream));
				}
			}
			await(() -> this.tally.missingCount() == 0);
		}
		this.nodes.queues().forEach((queue) -> this.tally.found(queue.drain()));
		return new SoakResult(List.copyOf(this.rounds), this.level, this.tally);
	}

	private SoakRound run(int number, Publisher publisher, MessageStream stream) {
		SoakFault fault = SoakFault.of(number + WARM_UP);
		int port = publisher.activePort();
		RabbitNode active = this.nodes.all().stream().filter((node) -> node.port() == port).findFirst().orElseThrow();
		stream.forgetConfirms();
		long struck = System.nanoTime();
		fault.strike(active);
		active.start();
		boolean recovered = await(() -> publisher.activePort() != port) && stream.awaitSteady(struck, PATIENCE);
		double gap = stream.longestGap(struck).nanos() / (double) TimeUnit.MILLISECONDS.toNanos(1);
		active.thaw();
		boolean settled = (number > 0) ? await(() -> Footprint.measure(this.nodes).isWithin(this.level)) : awaitRest();
		Footprint footprint = Footprint.measure(this.nodes);
		if (number <= 0) {
			this.level = this.level.orMore(footprint);
		}
		SoakRound round = new SoakRound(number, fault, gap, footprint, Footprint.heapMegabytes(), recovered && settled);
		if (number > 0) {
			this.rounds.add(round);
		}
		return round;
	}

	/**
	 * Wait until nothing changes any more.
	 */
	private boolean awaitRest() {
		Footprint[] last = { Footprint.measure(this.nodes) };
		LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(1));
		return await(() -> {
			Footprint previous = last[0];
			last[0] = Footprint.measure(this.nodes);
			return last[0].equals(previous);
		});
	}

	private static boolean await(BooleanSupplier condition) {
		long deadline = System.nanoTime() + PATIENCE.toNanos();
		while (!condition.getAsBoolean()) {
			if (System.nanoTime() > deadline) {
				return false;
			}
			LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
		}
		return true;
	}

}
