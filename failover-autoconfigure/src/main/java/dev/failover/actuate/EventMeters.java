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

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import org.jspecify.annotations.Nullable;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerEvent;
import dev.failover.broker.BrokerFailure;
import dev.failover.broker.BrokerListener;
import dev.failover.broker.MoveStep;

/**
 * Counts and times what the events of the brokers tell.
 */
final class EventMeters implements BrokerListener {

	private static final String PLANNED = "planned";

	private final MeterRegistry registry;

	private final Timer outages;

	private final Timer readyAfterMove;

	private final Timer readyAfterLoss;

	private final Counter cut;

	/**
	 * The broker that was left last by a planned move. Events come one at a time.
	 */
	private volatile @Nullable String left;

	/**
	 * Times how long consumers take to follow the last switch.
	 */
	private volatile @Nullable Timer ready;

	EventMeters(MeterRegistry registry) {
		this.registry = registry;
		this.outages = Timer.builder("failover.outage").description("Time without an active broker").register(registry);
		this.readyAfterMove = readiness(true);
		this.readyAfterLoss = readiness(false);
		this.cut = Counter.builder("failover.planned.moves.cut")
			.description("Messages that were not confirmed when the time for a planned move was over")
			.baseUnit("messages")
			.register(registry);
		for (MoveStep step : MoveStep.values()) {
			step(step);
		}
	}

	private Timer readiness(boolean planned) {
		return Timer.builder("failover.consumers.ready")
			.description("Time from a switch until all queues are consumed from on the active broker")
			.tag(PLANNED, String.valueOf(planned))
			.register(this.registry);
	}

	/**
	 * Register what is known of a broker from the start.
	 */
	void register(Broker broker) {
		moves(broker);
		replayed(broker);
	}

	private Counter moves(Broker to) {
		return Counter.builder("failover.planned.moves")
			.description("Planned moves to the broker, fail-back and rebalance included")
			.tag(BrokerMeters.BROKER, to.name())
			.register(this.registry);
	}

	private Timer step(MoveStep step) {
		return Timer.builder("failover.planned.moves.step")
			.description("Steps of planned moves that have ended in time")
			.tag("step", BrokerMeters.value(step))
			.register(this.registry);
	}

	private Counter replayed(Broker broker) {
		return Counter.builder("failover.replayed")
			.description("Messages on their way to the broker that were published again, and are confirmed")
			.baseUnit("messages")
			.tag(BrokerMeters.BROKER, broker.name())
			.register(this.registry);
	}

	@Override
	public void onEvent(BrokerEvent event) {
		if (event instanceof BrokerEvent.Activated activated) {
			activated(activated);
		}
		else if (event instanceof BrokerEvent.Replayed replayed) {
			replayed(replayed.broker()).increment(replayed.replayed());
			if (replayed.broker().name().equals(this.left)) {
				this.cut.increment(replayed.inFlight());
			}
		}
		else if (event instanceof BrokerEvent.ConsumersReady consumers) {
			Timer timer = this.ready;
			if (timer != null) {
				timer.record(consumers.delay());
			}
		}
		else if (event instanceof BrokerEvent.MoveEnded ended) {
			ended.steps().forEach((step, duration) -> step(step).record(duration));
		}
		else if (event instanceof BrokerEvent.Removed removed) {
			BrokerMeters.removeGauges(removed.broker(), this.registry);
		}
	}

	private void activated(BrokerEvent.Activated activated) {
		Broker from = activated.from();
		if (from == null) {
			return;
		}
		this.ready = activated.isPlanned() ? this.readyAfterMove : this.readyAfterLoss;
		this.left = activated.isPlanned() ? from.name() : null;
		if (activated.isPlanned()) {
			moves(activated.to()).increment();
		}
		else {
			this.outages.record(activated.outage());
		}
		Counter.builder("failover.switches")
			.description("Changes of the active broker, returns to the same one included")
			.tag("from", from.name())
			.tag("to", activated.to().name())
			.tag("reason", reason(activated.failure()))
			.register(this.registry)
			.increment();
	}

	private static String reason(@Nullable BrokerFailure failure) {
		return (failure != null) ? BrokerMeters.value(failure.reason()) : PLANNED;
	}

}
