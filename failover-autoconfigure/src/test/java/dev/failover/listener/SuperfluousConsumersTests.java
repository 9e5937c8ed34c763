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

package dev.failover.listener;

import java.time.Clock;
import java.util.List;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import dev.failover.broker.Brokers;
import dev.failover.broker.TestBrokers;

import static org.assertj.core.api.Assertions.assertThat;

@ExtendWith(OutputCaptureExtension.class)
class SuperfluousConsumersTests {

	private static final String WARNING = "report the same cluster, 'west', and so have the same queues";

	private final Brokers brokers = new Brokers(
			List.of(TestBrokers.broker("first"), TestBrokers.broker("second"), TestBrokers.broker("third")),
			Clock.systemUTC());

	@Test
	void nodesOfOneClusterAreWarnedOfOnceWhenTheyAreKnown(CapturedOutput output) {
		SuperfluousConsumers superfluous = new SuperfluousConsumers(this.brokers, ConsumedBrokers.ALL);
		identify("east", "west", null);
		superfluous.check();
		assertThat(output).doesNotContain("WARN");
		identify("east", "west", "west");
		superfluous.check();
		superfluous.check();
		assertThat(output.getAll().lines().filter((line) -> line.contains("WARN"))).singleElement()
			.asString()
			.contains("Brokers second (", " and third (", WARNING);
	}

	@ParameterizedTest
	@EnumSource(names = "ALL", mode = EnumSource.Mode.EXCLUDE)
	void nothingIsWarnedOfWhereNoConsumerIsSuperfluous(ConsumedBrokers consumed, CapturedOutput output) {
		identify("west", "west", "west");
		new SuperfluousConsumers(this.brokers, consumed).check();
		assertThat(output).doesNotContain("WARN");
	}

	private void identify(@Nullable String... clusters) {
		for (int i = 0; i < clusters.length; i++) {
			this.brokers.identified(this.brokers.getAll().get(i), 0, clusters[i]);
		}
	}

}
