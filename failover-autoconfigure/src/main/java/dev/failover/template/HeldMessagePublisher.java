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

import java.util.List;

/**
 * What becomes of messages that were held in a transaction.
 */
interface HeldMessagePublisher {

	/**
	 * Publish messages in their order and wait until each has ended. Whatever else the
	 * template has written to a channel of the transaction is committed after them.
	 * @param messages the messages
	 * @param nanos how long this may take at most
	 * @return the failures
	 */
	List<RuntimeException> publish(List<OutgoingMessage> messages, long nanos);

	/**
	 * Take note that a message will not be published.
	 */
	void rolledBack(OutgoingMessage message);

}
