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

import java.util.concurrent.atomic.AtomicLong;

import org.junit.jupiter.api.Test;
import org.springframework.util.backoff.BackOffExecution;

import static org.assertj.core.api.Assertions.assertThat;

class RenewingBackOffTests {

	private final AtomicLong millis = new AtomicLong();

	private final BackOffExecution execution = new RenewingBackOff(this.millis::get).start();

	@Test
	void doublesUpToTheMaximumAndNeverGivesUp() {
		assertThat(next()).isEqualTo(200);
		assertThat(next()).isEqualTo(400);
		assertThat(next()).isEqualTo(800);
		assertThat(next()).isEqualTo(1600);
		for (int i = 0; i < 1000; i++) {
			assertThat(next()).isEqualTo(2000);
		}
	}

	@Test
	void beginsAnewAfterATimeWithoutFailures() {
		assertThat(next()).isEqualTo(200);
		assertThat(next()).isEqualTo(400);
		this.millis.addAndGet(60_000);
		assertThat(next()).isEqualTo(200);
		assertThat(next()).isEqualTo(400);
	}

	private long next() {
		long interval = this.execution.nextBackOff();
		this.millis.addAndGet(interval + 5);
		return interval;
	}

}
