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

import java.lang.ref.WeakReference;
import java.time.Duration;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class WeakSetTests {

	private final WeakSet<Object> set = new WeakSet<>();

	@Test
	void keepsWhatSomebodyElseHoldsThroughCollections() {
		Object held = new Object();
		this.set.add(held);
		collect();
		assertThat(this.set.contains(held)).isTrue();
		assertThat(this.set.list()).containsExactly(held);
	}

	@Test
	void forgetsWhatNobodyElseHolds() {
		this.set.add(new Object());
		collect();
		Awaitility.await().atMost(Duration.ofSeconds(10)).until(() -> this.set.list().isEmpty());
	}

	private static void collect() {
		WeakReference<Object> collected = new WeakReference<>(new Object());
		Awaitility.await().atMost(Duration.ofSeconds(10)).until(() -> {
			System.gc();
			return collected.get() == null;
		});
	}

}
