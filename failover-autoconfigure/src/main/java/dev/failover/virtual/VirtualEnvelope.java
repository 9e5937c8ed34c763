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

import java.lang.ref.Reference;

import com.rabbitmq.client.Envelope;
import org.jspecify.annotations.Nullable;

/**
 * The envelope of a delivery that was passed on. It notices on which thread the delivery
 * is handled: all of Spring's containers read the delivery tag there, directly before
 * they call the listener.
 */
final class VirtualEnvelope extends Envelope implements Unsettled {

	private static final ThreadLocal<@Nullable Reference<RealChannel>> TAKEN = new ThreadLocal<>();

	private final Deliveries deliveries;

	private final RealChannel real;

	private final long realTag;

	private final @Nullable Subscription subscription;

	/**
	 * Set under the lock of the deliveries.
	 */
	private volatile boolean taken;

	VirtualEnvelope(long tag, Envelope envelope, Deliveries deliveries, RealChannel real,
			@Nullable Subscription subscription) {
		super(tag, envelope.isRedeliver(), envelope.getExchange(), envelope.getRoutingKey());
		this.deliveries = deliveries;
		this.real = real;
		this.realTag = envelope.getDeliveryTag();
		this.subscription = subscription;
	}

	@Override
	public long getDeliveryTag() {
		TAKEN.set(this.real.self());
		if (!this.taken && this.subscription != null && this.subscription.handsOn()) {
			this.deliveries.taken(this);
		}
		return super.getDeliveryTag();
	}

	long tag() {
		return super.getDeliveryTag();
	}

	RealChannel real() {
		return this.real;
	}

	@Override
	public long realTag() {
		return this.realTag;
	}

	@Override
	public @Nullable Subscription subscription() {
		return this.subscription;
	}

	/**
	 * Note that the delivery is being handled.
	 * @return whether that is news
	 */
	boolean take() {
		boolean news = !this.taken;
		this.taken = true;
		return news;
	}

	/**
	 * Return the channel of the delivery that the calling thread has taken last.
	 */
	static @Nullable RealChannel lastTaken() {
		Reference<RealChannel> taken = TAKEN.get();
		return (taken != null) ? taken.get() : null;
	}

	/**
	 * The calling thread handles no delivery any more.
	 */
	static void forget() {
		TAKEN.remove();
	}

	@Override
	public String toString() {
		return "Envelope(deliveryTag=%d, redeliver=%s, exchange=%s, routingKey=%s)".formatted(tag(), isRedeliver(),
				getExchange(), getRoutingKey());
	}

}
