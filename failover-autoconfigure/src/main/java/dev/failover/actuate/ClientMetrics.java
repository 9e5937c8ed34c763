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

import java.util.List;
import java.util.function.Predicate;

import com.rabbitmq.client.MetricsCollector;
import com.rabbitmq.client.impl.MicrometerMetricsCollector;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import org.springframework.util.Assert;

import dev.failover.connection.BrokerMetricsCollectors;
import dev.failover.connection.FailoverConnectionFactory;

/**
 * Metrics {@code rabbitmq.*} of the AMQP client, by broker. Each broker has a collector
 * of its own, so that no message is counted twice. Of a broker that is removed, gauges
 * are removed, and what was counted stays.
 */
public final class ClientMetrics implements BrokerMetricsCollectors {

	private static final String PREFIX = "rabbitmq";

	private final MeterRegistry registry;

	private final List<Tag> tags;

	private ClientMetrics(MeterRegistry registry, List<Tag> tags) {
		this.registry = registry;
		this.tags = tags;
	}

	/**
	 * Have a collector for each broker in place of one for all of them, whose meters are
	 * removed. The new ones have the same tags, and {@code broker}.
	 * @param shared the collector that is set on the connection factory
	 * @param connectionFactory the connection factory
	 * @param registry the registry that has the meters of the collector
	 */
	public static void replace(MicrometerMetricsCollector shared, FailoverConnectionFactory connectionFactory,
			MeterRegistry registry) {
		Assert.notNull(shared, "'shared' must not be null");
		Assert.notNull(connectionFactory, "'connectionFactory' must not be null");
		Assert.notNull(registry, "'registry' must not be null");
		ClientMetrics metrics = new ClientMetrics(registry, shared.getPublishedMessages().getId().getTags());
		metrics.removeMeters((id) -> id.getTags().equals(metrics.tags));
		connectionFactory.setMetricsCollectors(metrics);
	}

	@Override
	public MetricsCollector get(String broker) {
		return new MicrometerMetricsCollector(this.registry, PREFIX, tagsOf(broker));
	}

	@Override
	public void remove(String broker) {
		List<Tag> ofBroker = tagsOf(broker).stream().toList();
		removeMeters((id) -> id.getType() == Meter.Type.GAUGE && id.getTags().equals(ofBroker));
	}

	private Tags tagsOf(String broker) {
		return Tags.of(this.tags).and(BrokerMeters.BROKER, broker);
	}

	private void removeMeters(Predicate<Meter.Id> condition) {
		this.registry.getMeters()
			.stream()
			.filter((meter) -> meter.getId().getName().startsWith(PREFIX + ".") && condition.test(meter.getId()))
			.forEach(this.registry::remove);
	}

}
