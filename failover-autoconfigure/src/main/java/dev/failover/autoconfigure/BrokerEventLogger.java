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

import java.util.Map;
import java.util.function.Function;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerEvent;
import dev.failover.broker.BrokerFailure;
import dev.failover.broker.BrokerListener;
import dev.failover.broker.BrokerState;
import dev.failover.broker.FailureReason;

/**
 * Logs each event of a broker in one line: what operators must act on as an error, a loss
 * or switch as a warning, the rest for information, also what they have planned
 * themselves: maintenance.
 */
final class BrokerEventLogger implements BrokerListener {

	private static final Log logger = LogFactory.getLog("dev.failover.events");

	private static final Map<FailureReason, String> MENDS = Map.of(FailureReason.ACCESS_REFUSED,
			"Check user%s, password and virtual host of this broker in 'failover.brokers', and the user's permissions.",
			FailureReason.TLS,
			"Check the port and the certificate of this broker, and the SSL bundle in 'failover.brokers' that is to trust it.",
			FailureReason.NOT_PREPARED, "Check that this broker can have what the application declares.");

	private final Function<Broker, @Nullable String> users;

	/**
	 * Create a logger.
	 * @param users tells the user that a broker has of its own, if any: an operator who
	 * reads that a login was refused wants to know whose
	 */
	BrokerEventLogger(Function<Broker, @Nullable String> users) {
		this.users = users;
	}

	@Override
	public void onEvent(BrokerEvent event) {
		if (event instanceof BrokerEvent.StateChanged changed) {
			log(changed);
		}
		else if (event instanceof BrokerEvent.Activated activated) {
			log(activated);
		}
		else if (event instanceof BrokerEvent.Replayed replayed) {
			logger.info("%d of %d messages that were in flight to broker %s were published again"
				.formatted(replayed.replayed(), replayed.inFlight(), replayed.broker().name()));
		}
		else if (event instanceof BrokerEvent.ConsumersReady ready) {
			logger.info("%s consumed from on broker %s, after %d ms".formatted(
					(ready.queues() == 1) ? "1 queue is" : "All %d queues are".formatted(ready.queues()),
					ready.broker().name(), ready.delay().toMillis()));
		}
		else if (event instanceof BrokerEvent.FailbackPlanned planned) {
			logger.info("Going back from broker %s to %s if it stays up for %d ms".formatted(planned.from().name(),
					planned.to(), planned.grace().toMillis()));
		}
		else if (event instanceof BrokerEvent.ClusterChanged changed) {
			log(changed);
		}
		else if (event instanceof BrokerEvent.ClusterCompared compared) {
			logger.info((compared.same()
					? "Brokers %s and %s are of one cluster, which has no name of its own ('rabbitmqctl set_cluster_name')"
					: "Brokers %s and %s are not of one cluster any more")
				.formatted(compared.broker(), compared.other()));
		}
		else if (event instanceof BrokerEvent.ConsumersMissing missing) {
			log(missing);
		}
		else if (event instanceof BrokerEvent.HealthChanged changed) {
			log(changed);
		}
		else if (event instanceof BrokerEvent.Added added) {
			logger.info("Broker %s was added".formatted(added.broker()));
		}
		else if (event instanceof BrokerEvent.Removed removed) {
			logger.info("Broker %s was removed".formatted(removed.broker()));
		}
		else if (event instanceof BrokerEvent.Reweighted reweighted) {
			logger.info("Broker %s has priority %d and weight %d now".formatted(reweighted.to(),
					reweighted.to().priority(), reweighted.to().weight()));
		}
	}

	private void log(BrokerEvent.StateChanged changed) {
		BrokerFailure failure = changed.failure();
		if (failure != null) {
			String line = "Broker %s failed: %s".formatted(changed.broker(), failure);
			String mend = MENDS.get(failure.reason());
			if (mend != null) {
				String user = this.users.apply(changed.broker());
				logger.error(line + ". " + mend.formatted((user != null) ? " '" + user + "'" : ""));
			}
			else if (changed.from() != changed.to() && isMaintenance(failure)) {
				logger.info("Broker %s is in maintenance, and is not used until it accepts connections again"
					.formatted(changed.broker().name()));
			}
			else if (changed.from() != changed.to()) {
				logger.warn(line);
			}
		}
		else if (changed.to() == BrokerState.DISABLED) {
			logger.info("Broker %s is disabled".formatted(changed.broker()));
		}
		else if (changed.from() == BrokerState.DISABLED) {
			logger.info("Broker %s is enabled again".formatted(changed.broker()));
		}
		else if (changed.from() != BrokerState.UNKNOWN) {
			logger.info("Broker %s answers again".formatted(changed.broker()));
		}
	}

	private void log(BrokerEvent.ClusterChanged changed) {
		if (changed.from() == null) {
			logger.debug("Broker %s is of cluster '%s'".formatted(changed.broker().name(), changed.to()));
		}
		else {
			logger.warn(("Broker %s reports %s as its cluster, no longer '%s': the cluster was renamed, or the address "
					+ "leads to another one")
				.formatted(changed.broker(), (changed.to() != null) ? "'" + changed.to() + "'" : "nothing",
						changed.from()));
		}
	}

	private void log(BrokerEvent.HealthChanged changed) {
		if (changed.health().isHealthy()) {
			logger.info("Broker %s is healthy again, by its health checks".formatted(changed.broker()));
		}
		else {
			logger.warn("Broker %s is %s. Nothing moves to it, and others come first when a broker is lost"
				.formatted(changed.broker(), changed.health()));
		}
	}

	private void log(BrokerEvent.ConsumersMissing missing) {
		String broker = missing.broker().name();
		if (missing.queues().isEmpty()) {
			logger.info("No message waits any more on broker %s that nobody consumes".formatted(broker));
			return;
		}
		logger.warn(("Messages wait on broker %s that nobody consumes, in %s. Let the applications that consume these "
				+ "queues list this broker, too, with 'failover.listener.brokers' at 'auto' or 'all'; with 'auto', "
				+ "independent brokers must have different cluster names")
			.formatted(broker, missing.queues()));
	}

	private void log(BrokerEvent.Activated activated) {
		Broker from = activated.from();
		Broker to = activated.to();
		if (from == null) {
			logger.info("Connected to broker %s".formatted(to));
			return;
		}
		if (activated.isPlanned()) {
			logger.info("Moved from broker %s to %s as planned".formatted(from.name(), to));
			return;
		}
		boolean again = from.name().equals(to.name());
		String line = "%s broker %s after %d ms, because %s had failed: %s".formatted(
				again ? "Connected again to" : "Switched to", to, activated.outage().toMillis(), from.name(),
				activated.failure());
		if (again || isMaintenance(activated.failure())) {
			logger.info(line);
		}
		else {
			logger.warn(line);
		}
	}

	private static boolean isMaintenance(@Nullable BrokerFailure failure) {
		return failure != null && failure.reason() == FailureReason.MAINTENANCE;
	}

}
