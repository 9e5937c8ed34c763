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

import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

import org.jspecify.annotations.Nullable;

import dev.failover.broker.Activation;

/**
 * The exchanges to which each broker has confirmed a message: the user had the permission
 * to publish there. If it is denied later, that may pass: a token is renewed, or a back
 * end for authorization answers again.
 */
final class ConfirmedExchanges {

	/**
	 * Applications that publish to more exchanges of one broker do without for the rest.
	 */
	static final int MAX = 1000;

	private final Map<String, Set<String>> byBroker = new ConcurrentHashMap<>();

	/**
	 * Return the exchanges of one broker, to which others can be added.
	 */
	Set<String> of(@Nullable Activation activation) {
		return this.byBroker.computeIfAbsent((activation != null) ? activation.broker().name() : "",
				(broker) -> ConcurrentHashMap.newKeySet());
	}

}
