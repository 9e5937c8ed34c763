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

package dev.failover.connection;

import java.time.Duration;

import dev.failover.broker.Broker;

/**
 * Told what becomes of the connections to each broker, those beside the connections of
 * the application included. Called by threads that connect or do I/O, without any lock
 * held: no method may block. Whatever one throws is logged and otherwise ignored.
 */
public interface ConnectionObserver {

	/**
	 * An attempt to connect has ended.
	 * @param broker the broker
	 * @param outcome what has become of it
	 * @param time how long it took, preparation included
	 */
	void connected(Broker broker, ConnectOutcome outcome, Duration time);

	/**
	 * A connection that was open is closed.
	 * @param broker the broker
	 * @param reason why
	 */
	void closed(Broker broker, ClosedBy reason);

	/**
	 * A broker has delivered a message. Called for each one that is received on a
	 * connection that was opened after the observer was added.
	 * @param broker the name of the broker
	 */
	void delivered(String broker);

}
