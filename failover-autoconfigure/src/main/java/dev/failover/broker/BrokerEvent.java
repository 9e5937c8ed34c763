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
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;

import org.jspecify.annotations.Nullable;

/**
 * Something that changed in {@link Brokers}.
 */
public sealed interface BrokerEvent {

	/**
	 * A broker changed its state, or failed for another reason than before while it was
	 * down: then both states are the same. From and to {@link BrokerState#DISABLED} it is
	 * an operator who changed it.
	 *
	 * @param broker the broker
	 * @param from the state before
	 * @param to the state now
	 * @param failure the failure that caused the change, or {@code null} if the change is
	 * for the better or an operator's
	 */
	record StateChanged(Broker broker, BrokerState from, BrokerState to,
			@Nullable BrokerFailure failure) implements BrokerEvent {
	}

	/**
	 * The active broker was lost; until {@link Activated} follows there is none.
	 *
	 * @param broker the broker that was active
	 * @param failure why it was lost
	 */
	record Lost(Broker broker, BrokerFailure failure) implements BrokerEvent {
	}

	/**
	 * A broker became the active one: the first one, the next one after a loss, or by a
	 * planned move.
	 *
	 * @param from the broker that was active before, or {@code null} at the first connect
	 * @param to the broker that is active now, may be the same as before
	 * @param outage how long there was no active broker, zero at the first connect and
	 * for a planned move
	 * @param failure why the previous broker was lost, or {@code null} at the first
	 * connect and for a planned move
	 */
	record Activated(@Nullable Broker from, Broker to, Duration outage,
			@Nullable BrokerFailure failure) implements BrokerEvent {

		/**
		 * Return whether the previous broker was left without having failed.
		 * @return whether this is a planned move
		 */
		public boolean isPlanned() {
			return this.from != null && this.failure == null;
		}

	}

	/**
	 * A planned move has come to its end. Follows the {@link Activated} of the move when
	 * the connections to the broker that was left are closed, or the time for that is
	 * over: then they stay open as long as something is consumed there, or is cut.
	 *
	 * @param from the broker that was left
	 * @param to the broker that became active
	 * @param steps how long each step took, without {@link MoveStep#CLOSE} if it has not
	 * ended in time
	 */
	record MoveEnded(Broker from, Broker to, Map<MoveStep, Duration> steps) implements BrokerEvent {

		public MoveEnded {
			Map<MoveStep, Duration> ordered = new EnumMap<>(MoveStep.class);
			ordered.putAll(steps);
			steps = Collections.unmodifiableMap(ordered);
		}

	}

	/**
	 * What was published and not confirmed when the channel to a broker was lost has come
	 * to its end: each message was published again and is confirmed, or its sender has
	 * been told that it is not. Follows only if there was any such message.
	 *
	 * @param broker the broker that the messages were on their way to
	 * @param inFlight how many messages were not confirmed when the channel was lost
	 * @param replayed how many of them were published again, and are confirmed
	 */
	record Replayed(Broker broker, int inFlight, int replayed) implements BrokerEvent {

	}

	/**
	 * Every queue that running listener containers consume is consumed from on the active
	 * broker. Follows each {@link Activated} unless a queue is missing there, or no
	 * container runs.
	 *
	 * @param broker the active broker
	 * @param queues how many queues
	 * @param delay how long that took from the activation
	 */
	record ConsumersReady(Broker broker, int queues, Duration delay) implements BrokerEvent {

	}

	/**
	 * A broker reported the name of its cluster for the first time, or another one than
	 * before. Brokers that report none, or one of their own each, are independent of each
	 * other: what is published to one is not to be found on the others.
	 *
	 * @param broker the broker
	 * @param from the name before, or {@code null} if none was known
	 * @param to the name now, or {@code null} if the broker reports none any more
	 */
	record ClusterChanged(Broker broker, @Nullable String from, @Nullable String to) implements BrokerEvent {
	}

	/**
	 * Two brokers that report different names of their cluster were found to be of the
	 * same, which has no name of its own, or not to be so any more.
	 *
	 * @param broker one of them
	 * @param other the other one
	 * @param same whether they are of the same cluster
	 */
	record ClusterCompared(Broker broker, Broker other, boolean same) implements BrokerEvent {
	}

	/**
	 * Messages wait on a broker that nobody consumes, or some more or less than before.
	 * It may be that applications that list the same brokers publish to one and consume
	 * from another one.
	 *
	 * @param broker the broker
	 * @param queues the names of the queues, empty if all are consumed from again
	 */
	record ConsumersMissing(Broker broker, Set<String> queues) implements BrokerEvent {
	}

	/**
	 * Something of the application's topology cannot be declared on a broker for more
	 * than a moment, or some more or less than before. All else goes on there.
	 *
	 * @param broker the broker
	 * @param declarations what is tried again, such as {@code Queue 'orders'}, empty if
	 * all is declared
	 */
	record DeclarationsPending(Broker broker, Set<String> declarations) implements BrokerEvent {
	}

	/**
	 * Some queues cannot be consumed on a broker that serves others, or some more or less
	 * than before. Their consumers wait, and all others go on.
	 *
	 * @param broker the broker
	 * @param queues the names of the queues, empty if all can be consumed again, or the
	 * broker is down
	 */
	record QueuesSuspected(Broker broker, Set<String> queues) implements BrokerEvent {
	}

	/**
	 * A broker is unhealthy by its health checks, or healthy again.
	 *
	 * @param broker the broker
	 * @param health what the checks say now
	 */
	record HealthChanged(Broker broker, BrokerHealth health) implements BrokerEvent {
	}

	/**
	 * A broker was added while the application runs.
	 *
	 * @param broker the new broker
	 */
	record Added(Broker broker) implements BrokerEvent {
	}

	/**
	 * A broker was removed while the application runs.
	 *
	 * @param broker the broker as it was
	 */
	record Removed(Broker broker) implements BrokerEvent {
	}

	/**
	 * Priority or weight of a broker were changed while the application runs.
	 *
	 * @param from the broker as it was
	 * @param to the broker as it is now
	 */
	record Reweighted(Broker from, Broker to) implements BrokerEvent {
	}

	/**
	 * A broker that the strategy prefers to the active one is up again: the application
	 * moves to it if it stays so for the grace.
	 *
	 * @param from the active broker
	 * @param to the broker that is preferred
	 * @param grace how long it must stay up until then
	 */
	record FailbackPlanned(Broker from, Broker to, Duration grace) implements BrokerEvent {

	}

	/**
	 * An operator has held the switches that the application decides on itself while its
	 * active broker is there, or has released them.
	 *
	 * @param held whether they are held now
	 */
	record HoldChanged(boolean held) implements BrokerEvent {

	}

	/**
	 * The application would switch to another broker, but an operator holds that: it
	 * stays.
	 *
	 * @param active the active broker
	 * @param to the broker that it would switch to, or {@code null} if that is not
	 * decided yet
	 * @param cause why it would switch
	 */
	record SwitchHeld(Broker active, @Nullable Broker to, SwitchCause cause) implements BrokerEvent {

	}

}
