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

import org.jspecify.annotations.Nullable;

import dev.failover.broker.Broker;

/**
 * Told what becomes of the messages that a {@link FailoverTemplate} publishes. Called for
 * each message by the thread that reads confirms from the connection, or the one that
 * gives the message up: no method may block, or take long.
 */
public interface PublishObserver {

	/**
	 * A broker has confirmed a message.
	 * @param broker the broker, or {@code null} if it is not known
	 * @param nanos how long that took after the message was written, in nanoseconds
	 */
	void confirmed(@Nullable Broker broker, long nanos);

	/**
	 * A message was given up that may have arrived: {@link PublishOutcome#UNKNOWN}.
	 */
	void unknown();

}
