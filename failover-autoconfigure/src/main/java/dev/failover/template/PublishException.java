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

import org.jspecify.annotations.Nullable;
import org.springframework.amqp.AmqpException;

/**
 * A message was not confirmed by a broker. Tells what is known of the message, so that
 * the caller can decide whether to publish it again.
 */
public class PublishException extends AmqpException {

	private final PublishOutcome outcome;

	private final String messageId;

	/**
	 * Create an exception.
	 * @param message what happened
	 * @param outcome what is known of the message
	 * @param messageId the id of the message
	 * @param cause the last failure, or {@code null}
	 */
	public PublishException(String message, PublishOutcome outcome, String messageId, @Nullable Throwable cause) {
		super("%s [message %s, outcome %s]".formatted(message, messageId, outcome), cause);
		this.outcome = outcome;
		this.messageId = messageId;
	}

	/**
	 * Return what is known of the message.
	 * @return the outcome
	 */
	public PublishOutcome getOutcome() {
		return this.outcome;
	}

	/**
	 * Return the id of the message, which is the same on every try.
	 * @return the message id
	 */
	public String getMessageId() {
		return this.messageId;
	}

}
