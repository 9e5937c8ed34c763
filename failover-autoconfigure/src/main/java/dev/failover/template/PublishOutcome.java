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

/**
 * What is known of a message whose publishing ended with an exception.
 */
public enum PublishOutcome {

	/**
	 * No broker has taken the message over: it was not written to a connection, or each
	 * broker that it was written to has closed the channel for it, because its exchange
	 * does not exist for example.
	 */
	NOT_SENT,

	/**
	 * The message was written once, and the broker returned it: no queue is bound for it,
	 * and none has it.
	 */
	RETURNED,

	/**
	 * The message was written to a connection, but no broker confirmed it: it may or may
	 * not have arrived. That holds for one that was rejected, too: a queue may have
	 * dead-lettered what it rejected, and others that the message went to may have it.
	 */
	UNKNOWN

}
