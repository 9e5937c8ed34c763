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

import java.io.IOException;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

import dev.failover.broker.Broker;

/**
 * Access to the consumers of the application, whoever has begun them: listener containers
 * of any kind, templates, or the application itself on a channel.
 */
public interface ConsumerAccess {

	/**
	 * Add a listener that is notified when consumers have begun, or have gone to another
	 * broker.
	 * @param listener the listener, which must not block
	 */
	void addListener(Runnable listener);

	/**
	 * Set which queues may be consumed from on several brokers. By default, all may that
	 * do not belong to their connection.
	 * @param sharable tells it by the name of the queue
	 */
	void setSharable(Predicate<String> sharable);

	/**
	 * Set which queues are declared on each broker anyway. By default none is: what was
	 * declared on connections of the application is declared on the next broker, too.
	 * @param declared tells it by the name of the queue
	 */
	void setDeclared(Predicate<String> declared);

	/**
	 * Return whether consumers are on their way to another broker.
	 * @return whether some are not where they are wanted
	 */
	boolean isMoving();

	/**
	 * Subscribe all consumers, those that begin later included, on some brokers beside
	 * the active one, and on no others. What they are given from there is within their
	 * prefetch count. Does not block.
	 * @param brokers the brokers
	 */
	void consumeBeside(Set<Broker> brokers);

	/**
	 * Return whether nothing is left on a broker that is consumed from beside the active
	 * one: no message waits in a queue of a consumer, and none is in hand. Blocks for a
	 * round trip for each queue.
	 * @param broker the broker
	 * @return whether there is nothing left to be done
	 * @throws IOException if the broker does not answer
	 */
	boolean isDrained(Broker broker) throws IOException;

	/**
	 * Return the queues of which a broker is consumed from beside the active one.
	 * @param broker the broker
	 * @return the names of the queues, none if it is not consumed from
	 */
	Set<String> getQueuesBeside(Broker broker);

	/**
	 * Return how many messages wait in queues on a broker that is consumed from beside
	 * the active one. Blocks for a round trip for each queue.
	 * @param broker the broker
	 * @param queues the names of the queues
	 * @return the counts, without queues that the broker does not have; empty if it is
	 * not consumed from
	 * @throws IOException if the broker does not answer
	 */
	Map<String, Integer> countMessages(Broker broker, Collection<String> queues) throws IOException;

	/**
	 * Return how many consumers are subscribed on a broker beside the active one.
	 * @param broker the broker
	 * @return the number of consumers
	 */
	int getConsumerCount(Broker broker);

	/**
	 * Return the queues that are consumed from.
	 * @return the names of the queues
	 */
	Set<String> getQueues();

	/**
	 * Return the queues that are consumed from on the active broker.
	 * @return the names of the queues, none while there is no active broker
	 */
	Set<String> getQueuesOnActive();

}
