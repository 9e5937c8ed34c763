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

package dev.failover.detection;

import java.time.Duration;
import java.util.concurrent.Future;

/**
 * Time and threads, as detection sees them.
 */
interface DetectionScheduler {

	/**
	 * Return the time in nanoseconds, since no particular moment.
	 */
	long nanoTime();

	/**
	 * Do something later. Such tasks run one at a time, and must not block.
	 * @return the handle to cancel it
	 */
	Future<?> later(Duration delay, Runnable task);

	/**
	 * Do at once what may block, beside everything else.
	 * @return whether it is done; it is not if too much of that kind is under way
	 */
	boolean work(Runnable task);

}
