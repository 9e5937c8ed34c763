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

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.Access;
import org.springframework.boot.actuate.endpoint.OperationResponseBody;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.boot.actuate.endpoint.annotation.WriteOperation;
import org.springframework.util.Assert;

import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.template.PublishStatus;

/**
 * {@link Endpoint} that tells operators which broker is active and why, what is known of
 * each, and what has happened, and by which they change that. It tells what is known
 * already: it asks no broker, and never waits. It holds no secrets.
 */
@Endpoint(id = "failover", defaultAccess = Access.READ_ONLY)
public final class FailoverEndpoint {

	private static final String ACTIVATE = "activate";

	private static final String DISABLE = "disable";

	private static final String ENABLE = "enable";

	private static final String HOLD = "hold";

	private static final String RELEASE = "release";

	static final List<String> OPERATIONS = List.of(ACTIVATE, DISABLE, ENABLE, HOLD, RELEASE);

	private final Brokers brokers;

	private final BrokerEventHistory history;

	private final FailoverReadings readings;

	private final OperatorRequests requests;

	/**
	 * Create an endpoint.
	 * @param brokers the brokers
	 * @param history the history of their events
	 * @param readings what is told beside the state of the brokers
	 * @param requests does what operators ask for
	 */
	public FailoverEndpoint(Brokers brokers, BrokerEventHistory history, FailoverReadings readings,
			OperatorRequests requests) {
		Assert.notNull(brokers, "'brokers' must not be null");
		Assert.notNull(history, "'history' must not be null");
		Assert.notNull(readings, "'readings' must not be null");
		Assert.notNull(requests, "'requests' must not be null");
		this.brokers = brokers;
		this.history = history;
		this.readings = readings;
		this.requests = requests;
	}

	/**
	 * Return the brokers, what the application does with them, and the last events.
	 * @return what is known at the moment
	 */
	@ReadOperation
	public FailoverDescriptor failover() {
		List<BrokerStatus> statuses = this.brokers.getStatuses();
		Map<String, BrokerDescriptor> described = new LinkedHashMap<>();
		for (BrokerStatus status : statuses) {
			String name = status.broker().name();
			described.put(name, BrokerDescriptor.of(status, statuses, this.readings));
		}
		String active = statuses.stream()
			.filter(BrokerStatus::active)
			.map((status) -> status.broker().name())
			.findFirst()
			.orElse(null);
		BrokerEventHistory.PastEvent lastSwitch = this.history.getLastSwitch();
		return new FailoverDescriptor(active, this.brokers.isHeld(),
				(lastSwitch != null) ? EventDescriptor.of(lastSwitch) : null, described,
				this.readings.getCallersWaiting(), this.readings.getPublishers(), this.readings.getSettings(),
				this.requests.getLast(), this.history.getEvents().stream().map(EventDescriptor::of).toList());
	}

	/**
	 * Change which broker is active, which ones may be used, or whether the application
	 * may switch by itself. What takes time is done in the background.
	 * @param operation {@code activate}, {@code disable}, {@code enable}, {@code hold} or
	 * {@code release}
	 * @param broker the name of the broker, {@code null} with {@code hold} and
	 * {@code release}
	 * @param force whether to activate the broker at once, without a planned move;
	 * {@code false} if not set
	 * @return what has become of it by now
	 * @throws IllegalArgumentException if there is no such operation, or no broker of
	 * that name
	 * @throws IllegalStateException if it is refused
	 */
	@WriteOperation
	public OperationDescriptor operate(@Selector String operation, @Nullable String broker, @Nullable Boolean force) {
		Assert.isTrue(OPERATIONS.contains(operation),
				() -> "'operation' must be one of %s, not '%s'".formatted(OPERATIONS, operation));
		boolean atOnce = Boolean.TRUE.equals(force);
		Assert.isTrue(!atOnce || operation.equals(ACTIVATE), "'force' is only supported with 'activate'");
		if (operation.equals(HOLD) || operation.equals(RELEASE)) {
			Assert.isNull(broker, () -> "'%s' applies to all brokers and takes no 'broker'".formatted(operation));
			return operation.equals(HOLD) ? this.requests.hold() : this.requests.release();
		}
		Assert.hasText(broker, "'broker' must be the name of a broker");
		return switch (operation) {
			case DISABLE -> this.requests.disable(broker);
			case ENABLE -> this.requests.enable(broker);
			default -> atOnce ? this.requests.activateAtOnce(broker) : this.requests.activate(broker);
		};
	}

	/**
	 * Description of the brokers, as operators see them.
	 *
	 * @param active the name of the active broker, or {@code null} if there is none
	 * @param held whether an operator holds the switches that the application decides on
	 * itself
	 * @param lastSwitch the last change of the active broker, or {@code null} if there
	 * was none yet
	 * @param brokers what is known of each broker, by its name, in the configured order
	 * @param callersWaiting how many callers wait for a broker
	 * @param publishers what each template has in hand, by the name of its bean
	 * @param settings the settings that are in force
	 * @param operations what operators have asked for last, the latest one first
	 * @param events the last events, the latest one first
	 */
	public record FailoverDescriptor(@Nullable String active, boolean held, @Nullable EventDescriptor lastSwitch,
			Map<String, BrokerDescriptor> brokers, int callersWaiting, Map<String, PublishStatus> publishers,
			Map<String, Object> settings, List<OperationDescriptor> operations,
			List<EventDescriptor> events) implements OperationResponseBody {

	}

}
