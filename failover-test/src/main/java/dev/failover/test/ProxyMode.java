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

package dev.failover.test;

import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;

import dev.failover.test.FaultProxy.Direction;

/**
 * What a proxy does with what it reads.
 *
 * @param open the directions that pass
 * @param delay how long everything is held in a direction that passes
 */
record ProxyMode(Set<Direction> open, Duration delay) {

	static final ProxyMode PASS = new ProxyMode(EnumSet.allOf(Direction.class), Duration.ZERO);

	static final ProxyMode BLACK_HOLE = new ProxyMode(EnumSet.noneOf(Direction.class), Duration.ZERO);

	static ProxyMode halfOpen(Direction open) {
		return new ProxyMode(EnumSet.of(open), Duration.ZERO);
	}

	static ProxyMode delay(Duration delay) {
		return new ProxyMode(EnumSet.allOf(Direction.class), delay);
	}

}
