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

package dev.failover.actuate;

import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

import org.jspecify.annotations.Nullable;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerEvent;
import dev.failover.broker.BrokerFailure;

/**
 * What an event tells.
 */
final class EventDetails {

	private final Map<String, Object> details = new LinkedHashMap<>();

	private EventDetails() {
	}

	static EventDetails of(BrokerEvent event) {
		EventDetails details = new EventDetails();
		details.addSwitch(event);
		details.addBroker(event);
		details.addCluster(event);
		details.addOperation(event);
		return details;
	}

	Map<String, Object> asMap() {
		return Collections.unmodifiableMap(this.details);
	}

	private void addSwitch(BrokerEvent event) {
		if (event instanceof BrokerEvent.Activated activated) {
			add("from", activated.from()).add("to", activated.to());
			add("planned", activated.isPlanned()).add("outage", activated.outage()).add(activated.failure());
		}
		else if (event instanceof BrokerEvent.Lost lost) {
			add("broker", lost.broker()).add(lost.failure());
		}
		else if (event instanceof BrokerEvent.Replayed replayed) {
			add("broker", replayed.broker()).add("inFlight", replayed.inFlight()).add("replayed", replayed.replayed());
		}
		else if (event instanceof BrokerEvent.ConsumersReady ready) {
			add("broker", ready.broker()).add("queues", ready.queues()).add("delay", ready.delay());
		}
		else if (event instanceof BrokerEvent.MoveEnded ended) {
			Map<String, Object> steps = new LinkedHashMap<>();
			ended.steps().forEach((step, duration) -> steps.put(step.name().toLowerCase(Locale.ROOT), duration));
			add("from", ended.from()).add("to", ended.to()).add("steps", steps);
		}
		else if (event instanceof BrokerEvent.FailbackPlanned planned) {
			add("from", planned.from()).add("to", planned.to()).add("grace", planned.grace());
		}
	}

	private void addBroker(BrokerEvent event) {
		if (event instanceof BrokerEvent.StateChanged changed) {
			add("broker", changed.broker()).add("from", changed.from()).add("to", changed.to());
			add(changed.failure());
		}
		else if (event instanceof BrokerEvent.HealthChanged changed) {
			add("broker", changed.broker()).add("health", changed.health().toString());
		}
		else if (event instanceof BrokerEvent.ConsumersMissing missing) {
			add("broker", missing.broker()).add("queues", missing.queues());
		}
		else if (event instanceof BrokerEvent.DeclarationsPending pending) {
			add("broker", pending.broker()).add("declarations", pending.declarations());
		}
		else if (event instanceof BrokerEvent.QueuesSuspected suspected) {
			add("broker", suspected.broker()).add("queues", suspected.queues());
		}
	}

	private void addCluster(BrokerEvent event) {
		if (event instanceof BrokerEvent.ClusterChanged changed) {
			add("broker", changed.broker()).add("from", changed.from()).add("to", changed.to());
		}
		else if (event instanceof BrokerEvent.ClusterCompared compared) {
			add("broker", compared.broker()).add("other", compared.other()).add("same", compared.same());
		}
	}

	private void addOperation(BrokerEvent event) {
		if (event instanceof BrokerEvent.Added added) {
			add("broker", added.broker());
		}
		else if (event instanceof BrokerEvent.Removed removed) {
			add("broker", removed.broker());
		}
		else if (event instanceof BrokerEvent.Reweighted reweighted) {
			add("broker", reweighted.to()).add("priority", reweighted.to().priority())
				.add("weight", reweighted.to().weight());
		}
		else if (event instanceof BrokerEvent.HoldChanged changed) {
			add("held", changed.held());
		}
		else if (event instanceof BrokerEvent.SwitchHeld held) {
			add("active", held.active()).add("to", held.to()).add("cause", held.cause());
		}
	}

	private EventDetails add(String name, @Nullable Object value) {
		if (value instanceof Broker broker) {
			this.details.put(name, broker.name());
		}
		else if (value instanceof Collection<?> names) {
			this.details.put(name, names.stream().sorted().toList());
		}
		else if (value != null) {
			this.details.put(name, value);
		}
		return this;
	}

	private EventDetails add(@Nullable BrokerFailure failure) {
		if (failure != null) {
			add("reason", failure.reason()).add("description", failure.description());
		}
		return this;
	}

}
