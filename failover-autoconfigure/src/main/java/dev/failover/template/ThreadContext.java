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

package dev.failover.template;

/**
 * What a thread carries for the work that it does, such as the span of a request.
 * Captured where a message is sent, and restored where another thread works for its
 * sender.
 */
@FunctionalInterface
interface ThreadContext {

	/**
	 * Have the calling thread carry this context.
	 * @return gives the thread back what it carried before
	 */
	Restored restore();

	/**
	 * A context that a thread carries, until it is closed by that thread.
	 */
	@FunctionalInterface
	interface Restored {

		void close();

	}

}
