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

/**
 * Tells with which routing keys messages have to be published on one connection. They are
 * those of the messages, but for direct replies whose requester cannot be reached on it.
 */
@FunctionalInterface
public interface RoutingKeys {

	/**
	 * Return the routing key to publish with.
	 * @param exchange the name of the exchange, empty for the default one
	 * @param routingKey the routing key of the message
	 * @return the same, or one for which no queue is bound if it is the name of a direct
	 * reply that the broker cannot know, and would close the connection for
	 */
	String get(String exchange, String routingKey);

	/**
	 * Return the routing key of a message that the broker has returned.
	 * @param routingKey the routing key that it was published with
	 * @return the routing key that was given for it
	 */
	static String original(String routingKey) {
		return DirectReplyNames.original(routingKey);
	}

	/**
	 * Return routing keys that are those of the messages.
	 * @return the routing keys
	 */
	static RoutingKeys unchanged() {
		return (exchange, routingKey) -> routingKey;
	}

}
