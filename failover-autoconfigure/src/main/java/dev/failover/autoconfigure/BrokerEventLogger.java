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

package dev.failover.autoconfigure;

import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;
import org.slf4j.event.Level;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerEvent;
import dev.failover.broker.BrokerFailure;
import dev.failover.broker.BrokerListener;
import dev.failover.broker.BrokerState;
import dev.failover.broker.FailureReason;
import dev.failover.broker.MoveStep;
import dev.failover.broker.SwitchCause;

/**
 * Logs the events of the brokers, each in one line: what operators must act on as an
 * error, a loss or switch as a warning, the rest for information, also what they have
 * planned themselves: maintenance. A loss that leads to a switch is one line with it.
 */
final class BrokerEventLogger implements BrokerListener, AutoCloseable {

	private static final String HELD = "Switch held by an operator: ";

	private static final Map<FailureReason, String> MENDS = Map.of(FailureReason.ACCESS_REFUSED,
			"Check user%s, password and virtual host of this broker in 'failover.brokers', and the user's permissions.",
			FailureReason.TLS,
			"Check the port and the certificate of this broker, and the SSL bundle in 'failover.brokers' that is to trust it.",
			FailureReason.NOT_PREPARED, "Check that this broker can have what the application declares.");

	private final Function<Broker, @Nullable String> users;

	private final SwitchLog switches;

	/**
	 * Create a logger.
	 * @param users tells the user that a broker has of its own, if any: an operator who
	 * reads that a login was refused wants to know whose
	 * @param switches logs losses and switches
	 */
	BrokerEventLogger(Function<Broker, @Nullable String> users, SwitchLog switches) {
		this.users = users;
		this.switches = switches;
	}

	@Override
	public void onEvent(BrokerEvent event) {
		if (event instanceof BrokerEvent.StateChanged changed) {
			log(changed);
		}
		else if (event instanceof BrokerEvent.Lost lost) {
			this.switches.lost(lost);
		}
		else if (event instanceof BrokerEvent.Activated activated) {
			this.switches.activated(activated);
		}
		else if (event instanceof BrokerEvent.Replayed replayed) {
			this.switches.replayed(replayed);
		}
		else {
			EventLine line = line(event);
			if (line != null) {
				line.log();
			}
		}
	}

	/**
	 * Tell what waits for more, and end what waits for it.
	 */
	@Override
	public void close() {
		this.switches.close();
	}

	private static @Nullable EventLine line(BrokerEvent event) {
		if (event instanceof BrokerEvent.ConsumersReady ready) {
			return EventLine.info("%s consumed from on broker %s, after %d ms".formatted(
					(ready.queues() == 1) ? "1 queue is" : "All %d queues are".formatted(ready.queues()),
					ready.broker().name(), ready.delay().toMillis()))
				.with("broker", ready.broker());
		}
		if (event instanceof BrokerEvent.FailbackPlanned planned) {
			return EventLine
				.info("Going back from broker %s to %s if it stays up for %d ms".formatted(planned.from().name(),
						planned.to(), planned.grace().toMillis()))
				.with("from", planned.from())
				.with("to", planned.to());
		}
		if (event instanceof BrokerEvent.MoveEnded ended) {
			return line(ended);
		}
		if (event instanceof BrokerEvent.HoldChanged changed) {
			return EventLine.info(changed.held() ? "Switches by preference, rebalance or alarm are held by an operator"
					: "Switches by preference, rebalance or alarm are no longer held");
		}
		if (event instanceof BrokerEvent.SwitchHeld held) {
			return line(held);
		}
		if (event instanceof BrokerEvent.ConsumersMissing missing) {
			return line(missing).with("broker", missing.broker());
		}
		if (event instanceof BrokerEvent.HealthChanged changed) {
			return line(changed).with("broker", changed.broker());
		}
		return listLine(event);
	}

	/**
	 * What is told of the list of the brokers, and of what they are.
	 */
	private static @Nullable EventLine listLine(BrokerEvent event) {
		if (event instanceof BrokerEvent.ClusterChanged changed) {
			return line(changed).with("broker", changed.broker());
		}
		if (event instanceof BrokerEvent.ClusterCompared compared) {
			return EventLine.info((compared.same()
					? "Brokers %s and %s are of one cluster, which has no name of its own ('rabbitmqctl set_cluster_name')"
					: "Brokers %s and %s are not of one cluster any more")
				.formatted(compared.broker(), compared.other()));
		}
		if (event instanceof BrokerEvent.Added added) {
			return EventLine.info("Broker %s was added".formatted(added.broker())).with("broker", added.broker());
		}
		if (event instanceof BrokerEvent.Removed removed) {
			return EventLine.info("Broker %s was removed".formatted(removed.broker())).with("broker", removed.broker());
		}
		if (event instanceof BrokerEvent.Reweighted reweighted) {
			return EventLine
				.info("Broker %s has priority %d and weight %d now".formatted(reweighted.to(),
						reweighted.to().priority(), reweighted.to().weight()))
				.with("broker", reweighted.to());
		}
		return null;
	}

	private void log(BrokerEvent.StateChanged changed) {
		BrokerFailure failure = changed.failure();
		if (failure != null) {
			log(changed, failure);
			return;
		}
		this.switches.recovered(changed.broker());
		if (changed.to() == BrokerState.DISABLED) {
			info(changed, "Broker %s is disabled");
		}
		else if (changed.from() == BrokerState.DISABLED) {
			info(changed, "Broker %s is enabled again");
		}
		else if (changed.from() != BrokerState.UNKNOWN) {
			info(changed, "Broker %s answers again");
		}
	}

	private static void info(BrokerEvent.StateChanged changed, String line) {
		EventLine.info(line.formatted(changed.broker())).with("broker", changed.broker()).log();
	}

	private void log(BrokerEvent.StateChanged changed, BrokerFailure failure) {
		String mend = MENDS.get(failure.reason());
		if (mend != null) {
			String user = this.users.apply(changed.broker());
			EventLine
				.of(Level.ERROR,
						"Broker %s failed: %s. ".formatted(changed.broker(), failure)
								+ mend.formatted((user != null) ? " '" + user + "'" : ""))
				.with("broker", changed.broker())
				.with(failure)
				.log();
		}
		else if (changed.from() != changed.to()) {
			this.switches.failed(changed.broker(), failure);
		}
	}

	private static EventLine line(BrokerEvent.MoveEnded ended) {
		String from = ended.from().name();
		String steps = ended.steps()
			.entrySet()
			.stream()
			.map((step) -> "%s %d ms".formatted(name(step.getKey()), step.getValue().toMillis()))
			.collect(Collectors.joining(", "));
		boolean left = ended.steps().containsKey(MoveStep.CLOSE);
		EventLine line = EventLine
			.info("Steps of the move from broker %s to %s: %s%s".formatted(from, ended.to().name(), steps,
					left ? "" : "; " + from + " is still in use"))
			.with("from", ended.from())
			.with("to", ended.to());
		for (Map.Entry<MoveStep, Duration> step : ended.steps().entrySet()) {
			line = line.with(name(step.getKey()) + "Millis", step.getValue().toMillis());
		}
		return line;
	}

	private static String name(MoveStep step) {
		return step.name().toLowerCase(Locale.ROOT);
	}

	private static EventLine line(BrokerEvent.ClusterChanged changed) {
		if (changed.from() == null) {
			return EventLine.of(Level.DEBUG,
					"Broker %s is of cluster '%s'".formatted(changed.broker().name(), changed.to()));
		}
		return EventLine
			.warn(("Broker %s reports %s as its cluster, no longer '%s': the cluster was renamed, or the address "
					+ "leads to another one")
				.formatted(changed.broker(), (changed.to() != null) ? "'" + changed.to() + "'" : "nothing",
						changed.from()));
	}

	private static EventLine line(BrokerEvent.HealthChanged changed) {
		return changed.health().isHealthy()
				? EventLine.info("Broker %s is healthy again, by its health checks".formatted(changed.broker()))
				: EventLine.warn("Broker %s is %s. Nothing moves to it, and others come first when a broker is lost"
					.formatted(changed.broker(), changed.health()));
	}

	private static EventLine line(BrokerEvent.ConsumersMissing missing) {
		String broker = missing.broker().name();
		if (missing.queues().isEmpty()) {
			return EventLine.info("All messages that wait on broker %s are being consumed again".formatted(broker));
		}
		return EventLine
			.warn(("Messages wait on broker %s that nobody consumes, in %s. Let the applications that consume these "
					+ "queues list this broker, too, with 'failover.listener.brokers' at 'auto' or 'all'; with 'auto', "
					+ "independent brokers must have different cluster names")
				.formatted(broker, missing.queues()));
	}

	private static EventLine line(BrokerEvent.SwitchHeld held) {
		String active = held.active().name();
		String line = switch (held.cause()) {
			case PREFERENCE -> "broker %s is preferred to %s".formatted(held.to(), active);
			case REBALANCE -> "a broker can be used again, and applications spread";
			case ALARM -> "broker %s is blocked by an alarm, and publishers wait".formatted(active);
		};
		return EventLine.of((held.cause() == SwitchCause.ALARM) ? Level.WARN : Level.INFO, HELD + line)
			.with("broker", held.active())
			.with("to", held.to());
	}

}
