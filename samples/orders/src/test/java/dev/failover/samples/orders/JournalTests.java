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

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What the page is told, and in which order.
 */
class JournalTests {

	private final Journal journal = new Journal();

	private final List<Journal.Update> updates = new ArrayList<>();

	private final Consumer<Journal.Update> reader = this.updates::add;

	@Test
	void beginsWithWhatIsRemembered() {
		this.journal.note(Journal.Kind.FAULT, "kill north", "Kill north, by hand");
		this.journal.add(new Journal.Sample(Instant.now(), 20, 19, 3));
		this.journal.open(this.reader);
		this.journal.note(Journal.Kind.SWITCH, "switch to south", "Switched");
		assertThat(this.updates).extracting(Journal.Update::name).containsExactly("history", "entry");
		assertThat(history().samples()).extracting(Journal.Sample::confirmed).containsExactly(20.0);
		assertThat(history().entries()).extracting(Journal.Entry::label).containsExactly("kill north");
	}

	@Test
	void tellsNothingAfterItIsClosed() {
		this.journal.open(this.reader);
		this.journal.close(this.reader);
		this.journal.note(Journal.Kind.NOTE, "", "Nobody hears");
		assertThat(this.updates).hasSize(1);
	}

	@Test
	void forgetsTheOldest() {
		for (int i = 0; i < 200; i++) {
			this.journal.add(new Journal.Sample(Instant.ofEpochSecond(i), i, i, 0));
			this.journal.note(Journal.Kind.NOTE, "", "Note " + i);
		}
		this.journal.open(this.reader);
		assertThat(history().samples()).hasSize(Journal.SECONDS)
			.last()
			.extracting(Journal.Sample::confirmed)
			.isEqualTo(199.0);
		assertThat(history().entries()).hasSize(100).last().extracting(Journal.Entry::number).isEqualTo(200L);
	}

	@Test
	void measuresTheOrdersThatWaitedForTheEndOfAnOutage() {
		this.journal.outage("north", "south", "timeout", Duration.ofMillis(40));
		this.journal.open(this.reader);
		assertThat(history().outages()).extracting(Journal.Outage::slowest).containsExactly(40L);
		Instant end = history().outages().get(0).at();
		this.journal.add(new Journal.Sample(end.plusSeconds(1), 20, 20, 1030));
		this.journal.add(new Journal.Sample(end.plusSeconds(2), 20, 20, 3));
		this.journal.add(new Journal.Sample(end.plusSeconds(3), 20, 20, 5000));
		assertThat(this.updates).extracting(Journal.Update::name)
			.containsExactly("history", "sample", "outages", "sample", "sample");
		assertThat((List<?>) this.updates.get(2).data()).singleElement()
			.isEqualTo(new Journal.Outage(end, "north", "south", "timeout", 40, 1030));
	}

	private Journal.History history() {
		return (Journal.History) this.updates.get(0).data();
	}

}
