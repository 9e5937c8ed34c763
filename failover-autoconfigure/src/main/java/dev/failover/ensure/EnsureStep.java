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

package dev.failover.ensure;

import org.jspecify.annotations.Nullable;

import dev.failover.broker.BrokersUnavailableException;

/**
 * What happens between a failure and the next try.
 *
 * @param failure the failure
 * @param verdict the verdict on it
 * @param next whether the broker is given up
 * @param pass the pass over all brokers that failed, or {@code null} if only one did
 * @param waits whether this ends a pass, so that the interval grows
 * @param nanos how long to wait, in nanoseconds
 */
record EnsureStep(Throwable failure, FailureVerdict verdict, boolean next, @Nullable BrokersUnavailableException pass,
		boolean waits, long nanos) {

}
