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

import com.rabbitmq.client.AMQP.BasicProperties;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.rabbit.connection.CorrelationData;

/**
 * A message that is ready to be published.
 *
 * @param captured the message as it was handed over
 * @param properties its properties as they would be written
 * @param headerSize how many bytes the properties take on the wire
 * @param body its body as it would be written
 * @param mandatory whether it is returned if no queue is bound for it
 * @param idempotent whether it may be written more than once
 * @param correlationData whom to tell of the confirm, if anybody
 * @param trace follows the message, {@code null} if nothing does
 */
record OutgoingMessage(CapturingChannel.Captured captured, BasicProperties properties, int headerSize, byte[] body,
		boolean mandatory, boolean idempotent, @Nullable CorrelationData correlationData, @Nullable SendTrace trace) {

	String messageId() {
		return this.properties.getMessageId();
	}

	/**
	 * Return the message with a body that its sender cannot change any more.
	 */
	OutgoingMessage withOwnBody() {
		return new OutgoingMessage(this.captured, this.properties, this.headerSize, this.body.clone(), this.mandatory,
				this.idempotent, this.correlationData, this.trace);
	}

	Publication publication(boolean repeatable, long deadline) {
		return new Publication(this.captured.exchange(), this.captured.routingKey(), this.mandatory, this.properties,
				this.headerSize, this.body, this.idempotent && repeatable, deadline, this.trace);
	}

	/**
	 * Take note that the message has ended.
	 * @param failure why it is not confirmed, or {@code null} if it is
	 */
	void ended(@Nullable Throwable failure) {
		if (this.trace != null) {
			this.trace.end(failure);
		}
	}

	/**
	 * Tell the sender the sequence number on the channel that the message was written to.
	 */
	void sequenceNumber(long number) {
		this.captured.message().getMessageProperties().setPublishSequenceNumber(number);
	}

	@Override
	public String toString() {
		return "message %s to exchange '%s' with routing key '%s'".formatted(messageId(), this.captured.exchange(),
				this.captured.routingKey());
	}

}
