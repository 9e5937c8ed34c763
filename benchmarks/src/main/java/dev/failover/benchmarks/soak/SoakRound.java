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

/**
 * What one outage of many has shown.
 *
 * @param number its number
 * @param fault what happened to the active broker
 * @param gapMillis the longest time between two confirmed messages
 * @param footprint what the application held when it had settled
 * @param heap the heap in use after a garbage collection, in megabytes
 * @param settled whether the application came back to its level
 */
record SoakRound(int number, SoakFault fault, double gapMillis, Footprint footprint, double heap, boolean settled) {

}
