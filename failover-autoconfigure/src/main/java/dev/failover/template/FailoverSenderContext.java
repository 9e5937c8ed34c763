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
import org.springframework.amqp.core.Message;
import org.springframework.amqp.rabbit.support.micrometer.RabbitMessageSenderContext;

import dev.failover.broker.Broker;

/**
 * What an observation knows of a message that a {@link FailoverTemplate} sends: what
 * Spring's own context knows, and what has become of the message so far. May be read by
 * any thread.
 */
public class FailoverSenderContext extends RabbitMessageSenderContext {

	private final Message message;

	private volatile @Nullable Broker broker;

	private volatile int tries;

	private volatile @Nullable PublishOutcome outcome;

	private volatile boolean confirmed;

	FailoverSenderContext(Message message, String beanName, String exchange, String routingKey) {
		super(message, beanName, exchange, routingKey);
		this.message = message;
	}

	/**
	 * Return the message. It is the carrier of the trace headers.
	 * @return the message as it is written
	 */
	public Message getMessage() {
		return this.message;
	}

	/**
	 * Return the broker that the message was written to last.
	 * @return the broker, or {@code null} if the message was not written yet, or nobody
	 * knows where its connection leads to
	 */
	public @Nullable Broker getBroker() {
		return this.broker;
	}

	/**
	 * Return how often the message was written to a connection.
	 * @return the number of tries, 0 if it was not written yet
	 */
	public int getTries() {
		return this.tries;
	}

	/**
	 * Return whether a broker has confirmed the message.
	 * @return whether it is confirmed
	 */
	public boolean isConfirmed() {
		return this.confirmed;
	}

	/**
	 * Return what is known of a message that was not confirmed.
	 * @return the outcome, or {@code null} if the message is confirmed, on its way still,
	 * or ended with another exception than that of a publisher
	 */
	public @Nullable PublishOutcome getOutcome() {
		return this.outcome;
	}

	void tried(int tries, @Nullable Broker broker) {
		this.tries = tries;
		this.broker = broker;
	}

	void ended(@Nullable Throwable failure) {
		this.confirmed = failure == null;
		if (failure instanceof PublishException ex) {
			this.outcome = ex.getOutcome();
		}
		else if (failure instanceof MessageReturnedException ex) {
			this.outcome = ex.getOutcome();
		}
	}

}
