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

import java.time.Instant;
import java.util.Map;

/**
 * Description of an event of the brokers, as operators see it.
 *
 * @param at when it was told
 * @param type its type, such as {@code Activated}
 * @param details what it tells, under the names that the event has for it; of brokers,
 * their names
 */
public record EventDescriptor(Instant at, String type, Map<String, Object> details) {

	static EventDescriptor of(BrokerEventHistory.PastEvent past) {
		return new EventDescriptor(past.at(), past.event().getClass().getSimpleName(),
				EventDetails.of(past.event()).asMap());
	}

}
