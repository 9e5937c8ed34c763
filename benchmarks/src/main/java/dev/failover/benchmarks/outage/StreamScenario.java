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
import dev.failover.benchmarks.stream.Gap;
import dev.failover.benchmarks.stream.MessageStream;
import dev.failover.benchmarks.stream.StreamSettings;
import dev.failover.benchmarks.stream.Tally;

/**
 * A fault strikes the active broker in the middle of a stream.
 *
 * @param fault what happens to the active broker
 * @param cost what of the longest gap counts
 */
record StreamScenario(Consumer<BrokerRoutes.Route> fault, Cost cost) implements Scenario {

	private static final Duration AFTER = Duration.ofSeconds(3);

	@Override
	public Measurement run(BrokerRoutes routes, PublisherKind kind, StreamSettings settings) {
		try (Publisher publisher = kind.start(routes.uris(), routes.authorities())) {
			Tally tally = new Tally();
			MessageStream stream = MessageStream.start(publisher, settings, tally);
			Gap gap;
			long struck;
			boolean recovered;
			try (stream) {
				BrokerRoutes.Route active = routes.at(publisher.activePort());
				struck = System.nanoTime();
				this.fault.accept(active);
				recovered = stream.awaitSteady(struck + AFTER.toNanos(), settings.cap());
				gap = stream.longestGap(struck);
				routes.mend();
			}
			tally.found(routes.drain());
			return Measurement.of(this.cost.nanos(gap, struck), !recovered, tally);
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
			long nanos(Gap gap, long struck) {
				return gap.nanos();
			}
		},

		/**
		 * The time from the fault to the confirm that ends the longest gap.
		 */
		FROM_FAULT {
			@Override
			long nanos(Gap gap, long struck) {
				return gap.end() - struck;
			}
		};

		abstract long nanos(Gap gap, long struck);

	}

}
