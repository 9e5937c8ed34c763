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

package dev.failover.listener;

/**
 * Remembers which messages were handled, for a {@link DeduplicationInterceptor}. An
 * implementation that several instances of an application share lets each of them
 * recognise what the others have handled.
 * <p>
 * An implementation may forget, which costs a message that is handled twice, but must
 * never claim that a message was handled for which {@link #add} was not called: that
 * message would be lost. It is called by any number of threads.
 * <p>
 * There is no call for messages that are still being handled. The interceptor keeps two
 * deliveries of one message within the same application instance apart; on two instances
 * they may be handled at the same time.
 */
public interface HandledMessages {

	/**
	 * Return whether a message was handled.
	 * @param queue the name of the queue that it was delivered from
	 * @param messageId its id
	 * @return whether {@link #add} was called with the same queue and id, and that is not
	 * forgotten yet
	 * @throws RuntimeException if that cannot be told; the message is not handled then,
	 * and treated as if its handler had failed
	 */
	boolean contains(String queue, String messageId);

	/**
	 * Remember that a message was handled. Called after the handler has succeeded and,
	 * where there is one, its transaction is committed, and before the message is
	 * acknowledged to the broker.
	 * @param queue the name of the queue that it was delivered from
	 * @param messageId its id
	 * @throws RuntimeException if that fails; it is logged, and the message is
	 * acknowledged all the same
	 */
	void add(String queue, String messageId);

}
