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

package dev.failover.broker;

import java.time.Duration;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import org.springframework.util.Assert;

/**
 * Tells the listeners of {@link Brokers} what others have observed after a switch, in
 * order with the changes that {@link Brokers} itself tells of. Nothing is changed by
 * that. Safe for use by any number of threads.
 */
public final class BrokerNotices {

	private final Brokers brokers;

	/**
	 * Create an instance.
	 * @param brokers the brokers whose listeners are told
	 */
	public BrokerNotices(Brokers brokers) {
		Assert.notNull(brokers, "'brokers' must not be null");
		this.brokers = brokers;
	}

	/**
	 * Tell what has become of the messages that were in flight.
	 * @param lost what was active when they were published
	 * @param inFlight how many were not confirmed when the channel was lost
	 * @param replayed how many of them were published again, and are confirmed
	 */
	public void replayed(Activation lost, int inFlight, int replayed) {
		tell(new BrokerEvent.Replayed(lost.broker(), inFlight, replayed));
	}

	/**
	 * Tell that all queues are consumed from. Nobody is told if another broker is active
	 * by now.
	 * @param active the activation of the broker that they are consumed from
	 * @param queues how many queues
	 * @param delay how long that took from the activation
	 */
	public void consumersReady(Activation active, int queues, Duration delay) {
		if (active.equals(this.brokers.getActivation())) {
			tell(new BrokerEvent.ConsumersReady(active.broker(), queues, delay));
		}
	}

	/**
	 * Tell that a planned move has come to its end.
	 * @param from the broker that was left
	 * @param to the broker that became active
	 * @param steps how long each step took that has ended in time
	 */
	public void moveEnded(Broker from, Broker to, Map<MoveStep, Duration> steps) {
		tell(new BrokerEvent.MoveEnded(from, to, steps));
	}

	/**
	 * Tell that it is planned to go back to a broker.
	 * @param active the active broker
	 * @param preferred the broker that is preferred to it, and up
	 * @param grace how long it must stay up until then
	 */
	public void failbackPlanned(Broker active, Broker preferred, Duration grace) {
		tell(new BrokerEvent.FailbackPlanned(active, preferred, grace));
	}

	/**
	 * Tell that the application does not switch, because an operator holds that.
	 * @param active the active broker
	 * @param to the broker that it would switch to, or {@code null} if that is not
	 * decided yet
	 * @param cause why it would switch
	 */
	public void switchHeld(Broker active, @Nullable Broker to, SwitchCause cause) {
		this.brokers.suppressed(SwitchSuppression.HELD);
		tell(new BrokerEvent.SwitchHeld(active, to, cause));
	}

	private void tell(BrokerEvent event) {
		this.brokers.write(() -> {
			this.brokers.events.enqueue(event);
			return event;
		});
	}

}
