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

package dev.failover.actuate;

import java.util.Map;

import dev.failover.broker.Broker;
import dev.failover.template.PublishStatus;

/**
 * What the endpoint tells beside the state of the brokers. No method blocks, or asks a
 * broker.
 */
public interface FailoverReadings {

	/**
	 * Return how many standby connections to a broker are open.
	 * @param broker the name of the broker
	 * @return the number of connections
	 */
	int getStandbyConnections(String broker);

	/**
	 * Return how many messages wait on a broker that is consumed from beside the active
	 * one, as far as that was seen last.
	 * @param broker the broker
	 * @return the number of messages, 0 if it is not consumed from beside the active one
	 */
	long getDrainRemaining(Broker broker);

	/**
	 * Return how many callers wait for a broker.
	 * @return the number of callers
	 */
	int getCallersWaiting();

	/**
	 * Return what each template has in hand.
	 * @return the status of each template by the name of its bean
	 */
	Map<String, PublishStatus> getPublishers();

	/**
	 * Return the settings that are in force.
	 * @return the values by the names of their properties, free of secrets
	 */
	Map<String, Object> getSettings();

}
