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

package dev.failover.samples.orders;

import java.time.Instant;
import java.util.List;
import java.util.Set;

import org.jspecify.annotations.Nullable;

import dev.failover.broker.BrokerState;

/**
 * What the page shows of this moment.
 *
 * @param brokers the brokers
 * @param sent orders handed over for publishing
 * @param confirmed orders that a broker has confirmed
 * @param fulfilled orders that the listener has handled
 * @param missing confirmed orders that are overdue
 * @param duplicates orders that came once more
 * @param errors orders that no broker confirmed
 */
record ShopState(List<BrokerView> brokers, long sent, long confirmed, long fulfilled, long missing, long duplicates,
		long errors) {

	/**
	 * A broker as the page shows it.
	 *
	 * @param name the name
	 * @param state the state, down also if a broker of the shop was killed while it was
	 * not active
	 * @param active whether it is the active one
	 * @param since when the shop has found it to be so
	 * @param failure the last failure, or {@code null} if it is not down or blocked
	 * @param product the name and version of the product, or {@code null} if they are not
	 * known
	 * @param faults the faults that were injected and not ended
	 * @param actions what can be done to it
	 */
	record BrokerView(String name, BrokerState state, boolean active, Instant since, @Nullable String failure,
			@Nullable String product, Set<BrokerAction> faults, List<ActionView> actions) {
	}

	/**
	 * A button.
	 *
	 * @param path the last part of the URL
	 * @param label what it says
	 * @param possible whether it makes sense now
	 */
	record ActionView(String path, String label, boolean possible) {
	}

}
