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

import org.springframework.amqp.core.AmqpMessageReturnedException;
import org.springframework.amqp.core.ReturnedMessage;

/**
 * A message was returned by the broker because no queue is bound for it. No queue of that
 * broker has the message.
 */
public class MessageReturnedException extends AmqpMessageReturnedException {

	private final String messageId;

	private final PublishOutcome outcome;

	/**
	 * Create an exception.
	 * @param messageId the id of the message
	 * @param returned what the broker returned
	 * @param tries how often the message was written to a connection
	 */
	public MessageReturnedException(String messageId, ReturnedMessage returned, int tries) {
		super("The message %s was returned by the broker: %d %s, exchange '%s', routing key '%s'".formatted(messageId,
				returned.getReplyCode(), returned.getReplyText(), returned.getExchange(), returned.getRoutingKey()),
				returned);
		this.messageId = messageId;
		this.outcome = (tries > 1) ? PublishOutcome.UNKNOWN : PublishOutcome.RETURNED;
	}

	/**
	 * Return the id of the message.
	 * @return the message id
	 */
	public String getMessageId() {
		return this.messageId;
	}

	/**
	 * Return what is known of the message.
	 * @return {@link PublishOutcome#RETURNED}, or {@link PublishOutcome#UNKNOWN} if the
	 * message was written before, to a broker that was lost: it may have arrived there
	 */
	public PublishOutcome getOutcome() {
		return this.outcome;
	}

}
