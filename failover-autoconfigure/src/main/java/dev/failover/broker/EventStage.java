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

package dev.failover.broker;

/**
 * When a {@link BrokerListener} is notified of an event, compared with other listeners.
 */
public enum EventStage {

	/**
	 * First, by the thread that reported the change: what leaves a broker that failed,
	 * and goes to the next one. Such a listener must not block.
	 */
	CONNECTIONS,

	/**
	 * Next, by the thread that reported the change: what logs, counts and passes on.
	 */
	REPORTS,

	/**
	 * Last, on a thread of its own: what belongs to the application. It delays nothing of
	 * the other stages, however long it takes.
	 */
	APPLICATION

}
