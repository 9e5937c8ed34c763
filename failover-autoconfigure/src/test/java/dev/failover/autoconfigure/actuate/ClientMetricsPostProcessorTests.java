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

package dev.failover.autoconfigure.actuate;

import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;

import com.rabbitmq.client.MetricsCollector;
import com.rabbitmq.client.NoOpMetricsCollector;
import com.rabbitmq.client.impl.MicrometerMetricsCollector;
import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.boot.amqp.autoconfigure.RabbitAutoConfiguration;
import org.springframework.boot.amqp.autoconfigure.metrics.RabbitMetricsAutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Primary;

import dev.failover.autoconfigure.FailoverAutoConfiguration;
import dev.failover.autoconfigure.rabbit.FailoverRabbitAutoConfiguration;
import dev.failover.broker.Broker;
import dev.failover.broker.BrokerCredentials;
import dev.failover.broker.Brokers;
import dev.failover.connection.FailoverConnectionFactory;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link ClientMetricsPostProcessor}, behind the one of Spring Boot.
 */
class ClientMetricsPostProcessorTests {

	/**
	 * What the AMQP client counts, and tells as a gauge.
	 */
	private static final int METERS = 11;

	private final ApplicationContextRunner withoutBoots = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(FailoverAutoConfiguration.class, FailoverRabbitAutoConfiguration.class,
				RabbitAutoConfiguration.class, FailoverMetricsAutoConfiguration.class))
		.withPropertyValues("failover.brokers[0].name=one", "failover.brokers[0].uri=amqp://127.0.0.1:1",
				"failover.brokers[1].name=two", "failover.brokers[1].uri=amqp://127.0.0.1:2");

	private final ApplicationContextRunner runner = this.withoutBoots
		.withConfiguration(AutoConfigurations.of(RabbitMetricsAutoConfiguration.class));

	private final ApplicationContextRunner metered = this.runner.withBean(MeterRegistry.class,
			SimpleMeterRegistry::new);

	private static List<Meter.Id> meters(MeterRegistry registry) {
		return registry.getMeters()
			.stream()
			.map(Meter::getId)
			.filter((id) -> id.getName().startsWith("rabbitmq."))
			.toList();
	}

	private static Set<Tags> tags(MeterRegistry registry) {
		return meters(registry).stream().map((id) -> Tags.of(id.getTags())).collect(Collectors.toSet());
	}

	private static Tags of(String name, String broker) {
		return Tags.of("name", name, "broker", broker);
	}

	@Test
	void metersAreThereForEachBrokerInPlaceOfThoseForAll() {
		this.metered.run((context) -> {
			MeterRegistry registry = context.getBean(MeterRegistry.class);
			assertThat(meters(registry)).hasSize(2 * METERS);
			assertThat(tags(registry)).containsExactlyInAnyOrder(of("rabbit", "one"), of("rabbit", "two"));
			MetricsCollector shared = context.getBean(FailoverConnectionFactory.class).getMetricsCollector();
			assertThat(shared).isInstanceOf(NoOpMetricsCollector.class);
		});
	}

	@Test
	void tagsOfAllMetersAreKept() {
		CompositeMeterRegistry composite = new CompositeMeterRegistry(Clock.SYSTEM);
		composite.config().commonTags("application", "shop");
		PrometheusMeterRegistry prometheus = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
		composite.add(prometheus);
		this.runner.withBean(MeterRegistry.class, () -> composite).run((context) -> {
			Tag application = Tag.of("application", "shop");
			for (MeterRegistry registry : List.of(composite, prometheus)) {
				assertThat(tags(registry)).containsExactlyInAnyOrder(of("rabbit", "one").and(application),
						of("rabbit", "two").and(application));
				assertThat(meters(registry)).hasSize(2 * METERS);
			}
			assertThat(prometheus.scrape().lines().filter((line) -> line.startsWith("rabbitmq_"))).hasSize(2 * METERS)
				.allMatch((line) -> line.contains("broker=\""));
		});
	}

	@Test
	void gaugesOfABrokerThatIsRemovedAreRemovedAndItsCountsStay() {
		this.metered.run((context) -> {
			MeterRegistry registry = context.getBean(MeterRegistry.class);
			registry.get("rabbitmq.published").tags(of("rabbit", "two")).counter().increment();
			Brokers brokers = context.getBean(Brokers.class);
			Broker two = brokers.getAll().get(1);
			brokers.operations().remove("two");
			assertThat(meters(registry)).filteredOn((id) -> id.getType() == Meter.Type.GAUGE)
				.extracting((id) -> id.getTag("broker"))
				.containsExactly("one", "one");
			assertThat(registry.get("rabbitmq.published").tags(of("rabbit", "two")).counter().count()).isOne();
			brokers.operations().add(two, BrokerCredentials.of("guest", "guest"));
			context.getBean(FailoverConnectionFactory.class)
				.getBrokerAccess()
				.check(two)
				.exceptionally((ex) -> null)
				.join();
			assertThat(meters(registry)).hasSize(2 * METERS);
			assertThat(registry.get("rabbitmq.connections").tags(of("rabbit", "two")).gauge().value()).isZero();
			assertThat(registry.get("rabbitmq.published").tags(of("rabbit", "two")).counter().count()).isOne();
		});
	}

	@Test
	void connectionFactoryOfAnotherNameAndOneThatDoesNotFailOverHaveTheirMeters() {
		this.metered.withUserConfiguration(OwnFactories.class)
			.run((context) -> assertThat(tags(context.getBean(MeterRegistry.class)))
				.containsExactlyInAnyOrder(of("orders", "one"), of("orders", "two"), Tags.of("name", "plain")));
	}

	@Test
	void collectorOfTheApplicationIsLeftAlone() {
		untouched((registry) -> new MicrometerMetricsCollector(registry, "shop", "name", "rabbit"));
		untouched((registry) -> new MicrometerMetricsCollector(registry, "rabbitmq", "team", "shop"));
		untouched((registry) -> new MicrometerMetricsCollector(registry, "rabbitmq", "name", "rabbit") {
		});
		untouched((registry) -> new NoOpMetricsCollector());
	}

	private void untouched(Function<MeterRegistry, MetricsCollector> own) {
		MeterRegistry registry = new SimpleMeterRegistry();
		MetricsCollector collector = own.apply(registry);
		List<Meter.Id> before = meters(registry);
		this.withoutBoots.withBean(MeterRegistry.class, () -> registry)
			.withBean("ownCollector", BeanPostProcessor.class, () -> new OwnCollector(collector))
			.run((context) -> {
				assertThat(context.getBean(FailoverConnectionFactory.class).getMetricsCollector()).isSameAs(collector);
				assertThat(meters(registry)).isEqualTo(before);
			});
	}

	@Test
	void nothingChangesWithoutARegistryOrWithoutMicrometer() {
		Consumer<ApplicationContextRunner> works = (without) -> without
			.run((context) -> assertThat(context.getBean(FailoverConnectionFactory.class).getMetricsCollector())
				.isNull());
		works.accept(this.runner);
		works.accept(this.runner.withClassLoader(new FilteredClassLoader("io.micrometer.core")));
	}

	@Configuration(proxyBeanMethods = false)
	static class OwnFactories {

		@Bean
		@Primary
		CachingConnectionFactory ordersConnectionFactory(FailoverConnectionFactory factory) {
			return new CachingConnectionFactory(factory);
		}

		@Bean
		CachingConnectionFactory plainConnectionFactory() {
			return new CachingConnectionFactory("localhost", 1);
		}

	}

	/**
	 * Sets a collector when the native factory is made.
	 */
	private record OwnCollector(MetricsCollector collector) implements BeanPostProcessor {

		@Override
		public @Nullable Object postProcessAfterInitialization(Object bean, String beanName) {
			if (bean instanceof FailoverConnectionFactory factory) {
				factory.setMetricsCollector(this.collector);
			}
			return bean;
		}

	}

}
