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

import java.util.ArrayList;
import java.util.List;

import dev.failover.benchmarks.stream.Tally;
import dev.failover.benchmarks.support.Statistics;

/**
 * What a soak has shown.
 *
 * @param rounds the outages that count, at least one
 * @param level what the application held after the outages before them
 * @param tally what became of the messages
 */
record SoakResult(List<SoakRound> rounds, Footprint level, Tally tally) {

	/**
	 * Noise of the heap's size, in megabytes.
	 */
	private static final double HEAP_SLACK = 4;

	/**
	 * Return what is not as it should be.
	 * @return the complaints, empty if all is well
	 */
	List<String> complaints() {
		List<String> complaints = new ArrayList<>();
		this.rounds.stream()
			.filter((round) -> !round.settled())
			.forEach((round) -> complaints.add("After round %d (%s): %s, more than %s".formatted(round.number(),
					round.fault(), round.footprint(), this.level)));
		if (heapAtEnd() > heapAtStart() + HEAP_SLACK) {
			complaints.add("The heap has grown from %.1f to %.1f MB".formatted(heapAtStart(), heapAtEnd()));
		}
		if (this.tally.errorCount() > 0) {
			complaints.add("%d errors reached the caller: %s".formatted(this.tally.errorCount(), this.tally.errors()));
		}
		if (this.tally.missingCount() > 0) {
			complaints.add("%d confirmed messages are missing".formatted(this.tally.missingCount()));
		}
		return complaints;
	}

	/**
	 * Return the median heap in the first quarter of the rounds.
	 */
	double heapAtStart() {
		return heap(this.rounds.subList(0, quarter()));
	}

	/**
	 * Return the median heap in the last quarter of the rounds.
	 */
	double heapAtEnd() {
		return heap(this.rounds.subList(this.rounds.size() - quarter(), this.rounds.size()));
	}

	private int quarter() {
		return Math.max(this.rounds.size() / 4, 1);
	}

	private static double heap(List<SoakRound> rounds) {
		return Statistics.median(rounds.stream().map(SoakRound::heap).toList());
	}

	List<Double> gaps(SoakFault fault) {
		return this.rounds.stream().filter((round) -> round.fault() == fault).map(SoakRound::gapMillis).toList();
	}

}
