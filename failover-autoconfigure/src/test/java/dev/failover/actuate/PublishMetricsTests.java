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

import java.lang.management.ManagementFactory;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

import com.sun.management.ThreadMXBean;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.mockito.ArgumentCaptor;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerCredentials;
import dev.failover.broker.Brokers;
import dev.failover.broker.TestBrokers;
import dev.failover.template.FailoverTemplate;
import dev.failover.template.PublishObserver;
import dev.failover.template.PublishStatus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.BDDMockito.given;
import static org.mockito.BDDMockito.then;
import static org.mockito.Mockito.mock;

class PublishMetricsTests {

	private static final int MANY = 100_000;

	private final Broker first = TestBrokers.broker("first");

	private final Broker second = TestBrokers.broker("second");

	private final Brokers brokers = new Brokers(List.of(this.first), Clock.systemUTC());

	private final FailoverTemplate template = mock();

	private final MeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);

	private PublishObserver observer;

	@BeforeEach
	void bind() {
		new PublishMetrics(this.brokers, () -> Map.of("orders", this.template)).bindTo(this.registry);
		ArgumentCaptor<PublishObserver> added = ArgumentCaptor.captor();
		then(this.template).should().addObserver(added.capture());
		this.observer = added.getValue();
	}

	@Test
	void tellsWhatATemplateHasInHand() {
		given(this.template.getPublishStatus()).willReturn(new PublishStatus(3, 1000, 2));
		assertThat(gauge("failover.publish.in.flight")).isEqualTo(3);
		assertThat(gauge("failover.publish.max.in.flight")).isEqualTo(1000);
		assertThat(gauge("failover.publish.waiting")).isEqualTo(2);
	}

	@Test
	void countsWhatMayHaveArrived() {
		this.observer.unknown();
		assertThat(this.registry.get("failover.outcome.unknown").tag("template", "orders").counter().count()).isOne();
	}

	@Test
	void timesConfirmsOfBrokersThatAreKnown() {
		this.observer.confirmed(this.second, 1000);
		this.observer.confirmed(null, 1000);
		assertThat(this.registry.find("failover.publish.confirm").tag("broker", "second").timer()).isNull();
		this.brokers.operations().add(this.second, BrokerCredentials.of("user", "password"));
		this.observer.confirmed(this.second, 1000);
		assertThat(this.registry.get("failover.publish.confirm")
			.tag("broker", "second")
			.timer()
			.totalTime(TimeUnit.NANOSECONDS)).isEqualTo(1000);
	}

	/**
	 * It is done for each message, by the thread that reads from the connection.
	 */
	@Test
	void confirmIsTimedWithoutAnAllocation() {
		ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
		confirmMany();
		long before = threads.getCurrentThreadAllocatedBytes();
		confirmMany();
		assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(MANY);
	}

	private void confirmMany() {
		for (int i = 0; i < MANY; i++) {
			this.observer.confirmed(this.first, 1_000_000 + i);
		}
	}

	private double gauge(String name) {
		return this.registry.get(name).tag("template", "orders").gauge().value();
	}

}
