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

package dev.failover.virtual;

import java.util.Objects;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Envelope;
import org.jspecify.annotations.Nullable;

/**
 * What a consumer is going to be told: a delivery, or something else.
 *
 * @param arrival the place in the order of everything that comes for the channel
 * @param subscription the consumer
 * @param real the channel that a delivery has come from
 * @param envelope the envelope of a delivery as it came
 * @param properties the properties of a delivery
 * @param body the body of a delivery
 * @param event tells the consumer, if this is no delivery
 */
record Item(long arrival, Subscription subscription, @Nullable RealChannel real, @Nullable Envelope envelope,
		AMQP.@Nullable BasicProperties properties, byte @Nullable [] body, @Nullable Event event) implements Unsettled {

	static Item delivery(long arrival, Subscription subscription, RealChannel real, Envelope envelope,
			AMQP.BasicProperties properties, byte[] body) {
		return new Item(arrival, subscription, real, envelope, properties, body, null);
	}

	static Item event(long arrival, Subscription subscription, Event event) {
		return new Item(arrival, subscription, null, null, null, null, event);
	}

	/**
	 * Return the channel of a delivery.
	 */
	RealChannel requireReal() {
		return Objects.requireNonNull(this.real, "No delivery");
	}

	/**
	 * Return the envelope of a delivery.
	 */
	Envelope requireEnvelope() {
		return Objects.requireNonNull(this.envelope, "No delivery");
	}

	/**
	 * Return the tag that the broker has given to a delivery.
	 */
	@Override
	public long realTag() {
		return requireEnvelope().getDeliveryTag();
	}

	boolean isFrom(RealChannel channel) {
		return this.real == channel;
	}

	/**
	 * Whether this has to be acknowledged, so that it comes again if it is dropped.
	 */
	boolean isToBeSettled() {
		return this.real != null && !this.subscription.autoAck();
	}

	/**
	 * Tells a consumer of something.
	 */
	@FunctionalInterface
	interface Event {

		void tell() throws Exception;

	}

}
