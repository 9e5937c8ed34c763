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

package dev.failover.benchmarks.outage;

import java.time.Duration;
import java.util.function.Consumer;

import dev.failover.benchmarks.application.Publisher;
import dev.failover.benchmarks.application.PublisherKind;
import dev.failover.benchmarks.stream.MessageStream;
import dev.failover.benchmarks.stream.StreamSettings;
import dev.failover.benchmarks.stream.Tally;

/**
 * A fault strikes in the middle of a stream.
 *
 * @param fault what happens
 * @param cost what counts
 */
record StreamScenario(Fault fault, Cost cost) implements Scenario {

	private static final Duration AFTER = Duration.ofSeconds(3);

	/**
	 * The longest that a confirm is under way through a proxy.
	 */
	private static final Duration UNDER_WAY = Duration.ofMillis(10);

	@Override
	public Measurement run(BrokerRoutes routes, PublisherKind kind, StreamSettings settings) {
		try (Publisher publisher = kind.start(routes.uris(), routes.authorities())) {
			Tally tally = new Tally();
			MessageStream stream = MessageStream.start(publisher, settings, tally);
			long nanos;
			boolean recovered;
			try (stream) {
				BrokerRoutes.Route active = routes.at(publisher.activePort());
				long struck = System.nanoTime();
				long done = this.fault.strike(routes, active);
				recovered = stream.awaitSteady(Math.max(struck + AFTER.toNanos(), done), settings.cap());
				nanos = this.cost.nanos(stream, struck, done);
				routes.mend();
			}
			tally.found(routes.drain());
			return Measurement.of(nanos, !recovered, tally);
		}
	}

	/**
	 * What happens to brokers.
	 */
	@FunctionalInterface
	interface Fault {

		/**
		 * Let it happen.
		 * @return when it was done
		 */
		long strike(BrokerRoutes routes, BrokerRoutes.Route active);

		static Fault of(Consumer<BrokerRoutes.Route> fault) {
			return (routes, active) -> {
				fault.accept(active);
				return System.nanoTime();
			};
		}

	}

	/**
	 * What counts.
	 */
	enum Cost {

		/**
		 * The longest time between two confirms.
		 */
		GAP {
			@Override
			long nanos(MessageStream stream, long struck, long done) {
				return stream.longestGap(struck).nanos();
			}
		},

		/**
		 * The time from the fault to the first confirm that was not under way already.
		 */
		FROM_FAULT {
			@Override
			long nanos(MessageStream stream, long struck, long done) {
				return stream.longestGap(struck, done + UNDER_WAY.toNanos()).end() - struck;
			}
		},

		/**
		 * The time from the end of the fault to the confirm that ends the longest gap.
		 */
		FROM_END {
			@Override
			long nanos(MessageStream stream, long struck, long done) {
				return stream.longestGap(struck).end() - done;
			}
		};

		abstract long nanos(MessageStream stream, long struck, long done);

	}

}
