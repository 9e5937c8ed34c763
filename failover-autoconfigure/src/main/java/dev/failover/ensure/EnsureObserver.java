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

/**
 * Told what becomes of the calls of ensured methods. Called for each call by the thread
 * that ends it: it must not block, or take long. Whatever it throws is logged and
 * otherwise ignored.
 */
@FunctionalInterface
public interface EnsureObserver {

	/**
	 * A call has ended.
	 * @param method the name of the method, as it was given to
	 * {@link Ensurer#named(String)}
	 * @param outcome what has become of it
	 * @param nanos how long it took from the first failure on, in nanoseconds, 0 if it
	 * was not retried
	 */
	void ended(String method, EnsureOutcome outcome, long nanos);

}
