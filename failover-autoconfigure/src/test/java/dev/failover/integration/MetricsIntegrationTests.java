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

package dev.failover.integration;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.micrometer.core.instrument.search.Search;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageBuilder;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.yaml.snakeyaml.Yaml;

import dev.failover.broker.Broker;
import dev.failover.broker.Brokers;
import dev.failover.ensure.Ensure;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

/**
 * The meters of an application that has made a planned move and lost a broker, and what
 * the documentation, the dashboard and the alert rules make of them.
 */
@BrokerTest
class MetricsIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(30);

	private static final Path DOCS = Path.of("..", "docs");

	@North
	private static RabbitNode first;

	@South
	private static RabbitNode second;

	private static @Nullable ConfigurableApplicationContext context;

	private static String idle = "";

	private static String lost = "";

	@BeforeAll
	static void moveAndLoseABroker() throws Exception {
		QueueOnBroker.delete(Shop.QUEUE, first, second);
		ConfigurableApplicationContext running = Applications.run(Shop.class, Applications.brokers(first, second),
				"failover.listener.deduplication.enabled=true", "failover.detection.success-threshold=1");
		context = running;
		Shop shop = running.getBean(Shop.class);
		Brokers brokers = running.getBean(Brokers.class);
		FailoverTemplate template = running.getBean(FailoverTemplate.class);
		assertMetersAreThereFromTheStart();
		template.convertAndSend(Shop.QUEUE, "one");
		template.send(Shop.QUEUE, message("twice"));
		template.send(Shop.QUEUE, message("twice"));
		Orders orders = running.getBean(Orders.class);
		orders.place();
		orders.retry();
		assertThatIllegalStateException().isThrownBy(orders::fail);
		assertThatIllegalArgumentException().isThrownBy(orders::refuse);
		Awaitility.await()
			.atMost(PATIENCE)
			.until(() -> meters("failover.duplicates.dropped").functionCounter().count() == 1);
		RabbitNode beside = Applications.active(running, first, second);
		Applications.move(running);
		Awaitility.await().atMost(PATIENCE).until(() -> ready(true) == 1);
		idle = name(brokers, beside);
		Awaitility.await().atMost(PATIENCE).until(() -> gauge("failover.drain.consumers", idle) == 1);
		new QueueOnBroker(beside, Shop.QUEUE).publish("stranded");
		Awaitility.await().atMost(PATIENCE).until(() -> shop.handled.contains("stranded"));
		Awaitility.await().atMost(PATIENCE).until(() -> gauge("failover.standby.connections", idle) > 0);
		RabbitNode killed = Applications.active(running, first, second);
		lost = name(brokers, killed);
		killed.kill();
		template.convertAndSend(Shop.QUEUE, "two");
		Awaitility.await().atMost(PATIENCE).until(() -> ready(false) == 1);
		Awaitility.await().atMost(PATIENCE).until(() -> connects(lost, "unreachable") > 0);
	}

	private static Message message(String id) {
		return MessageBuilder.withBody(id.getBytes()).setMessageId(id).build();
	}

	private static String name(Brokers brokers, RabbitNode node) {
		return brokers.getAll()
			.stream()
			.filter((broker) -> broker.port() == node.port())
			.map(Broker::name)
			.findFirst()
			.orElseThrow();
	}

	/**
	 * What is there with 0 can be compared with what comes.
	 */
	private static void assertMetersAreThereFromTheStart() {
		assertThat(meters("failover.ensure.calls").tag("method", "MetricsIntegrationTests.Orders.place")
			.tag("outcome", "gave_up")
			.counter()
			.count()).isZero();
		assertThat(meters("failover.outage").timer().count()).isZero();
		assertThat(meters("failover.outcome.unknown").counter().count()).isZero();
		assertThat(meters("failover.replayed").counters()).hasSize(2);
		assertThat(meters("failover.planned.moves").counters()).hasSize(2);
		assertThat(meters("failover.drained").counters()).hasSize(2);
		assertThat(meters("failover.publish.confirm").timers()).hasSize(2);
		assertThat(meters("failover.connection.closed").tag("reason", "connection_lost").counters()).hasSize(2);
		assertThat(meters("failover.connect").tag("outcome", "timeout").timers()).hasSize(2);
		assertThat(meters("failover.probe").tag("outcome", "late").timers()).hasSize(2);
	}

	@AfterAll
	static void close() {
		Objects.requireNonNull(context).close();
	}

	@Test
	void plannedMoveIsCountedAndTimed() {
		assertThat(meters("failover.planned.moves").tag("broker", lost).counter().count()).isOne();
		assertThat(meters("failover.planned.moves.cut").counter().count()).isZero();
		assertThat(ready(true)).isOne();
		assertThat(meters("failover.switches").tag("reason", "planned").tag("from", idle).counter().count()).isOne();
	}

	@Test
	void lossIsCountedAndTimed() {
		assertThat(meters("failover.outage").timer().count()).isOne();
		assertThat(meters("failover.switches").tag("from", lost).tag("to", idle).counter().count()).isOne();
		assertThat(gauge("failover.broker.up", lost)).isZero();
		assertThat(gauge("failover.broker.active", idle)).isOne();
		assertThat(ready(false)).isOne();
	}

	@Test
	void connectionsAreCountedByWhatHasBecomeOfThem() {
		assertThat(connects(idle, "connected")).isPositive();
		assertThat(connects(lost, "connected")).isPositive();
		assertThat(connects(idle, "unreachable")).isZero();
		assertThat(closed(lost, "connection_lost") + closed(lost, "broker")).isPositive();
		assertThat(closed(idle, "connection_lost")).isZero();
	}

	@Test
	void probesAreTimed() {
		Awaitility.await()
			.atMost(PATIENCE)
			.until(() -> meters("failover.probe").tag("broker", idle).tag("outcome", "answered").timer().count() > 0);
	}

	@Test
	void confirmsAreTimedByTheBrokerThatGaveThem() {
		assertThat(meters("failover.publish.confirm").tag("broker", idle).timer().count()).isEqualTo(4);
		assertThat(meters("failover.publish.confirm").tag("broker", lost).timer().count()).isZero();
		assertThat(meters("failover.publish.confirm").tag("broker", idle).timer().max(TimeUnit.NANOSECONDS))
			.isPositive();
		assertThat(meters("failover.publish.in.flight").gauge().value()).isZero();
		assertThat(meters("failover.publish.max.in.flight").gauge().value()).isEqualTo(1000);
	}

	@Test
	void ensuredCallsAreCountedByMethodAndOutcome() {
		assertThat(calls("place", "first_try")).isOne();
		assertThat(calls("retry", "after_retry")).isOne();
		assertThat(calls("fail", "gave_up")).isOne();
		assertThat(calls("refuse", "not_retried")).isOne();
		assertThat(meters("failover.ensure.calls").counters().stream().mapToDouble((each) -> each.count()).sum())
			.isEqualTo(4);
		assertThat(meters("failover.ensure.retries").tag("method", "MetricsIntegrationTests.Orders.retry")
			.timer()
			.totalTime(TimeUnit.MILLISECONDS)).as("20 ms, less the jitter of a fifth").isGreaterThanOrEqualTo(16);
	}

	@Test
	void whatIsDeliveredByABrokerThatIsNotActiveIsCounted() {
		assertThat(meters("failover.drained").tag("broker", idle).counter().count()).isOne();
	}

	/**
	 * A message that two collectors were told of would count twice.
	 */
	@Test
	void clientsOwnMetersTellBrokersApart() {
		assertThat(registry().getMeters()).extracting(Meter::getId)
			.filteredOn((id) -> id.getName().startsWith("rabbitmq."))
			.hasSize(2 * 11)
			.allSatisfy((id) -> assertThat(id.getTags()).extracting(Tag::getKey).containsExactly("broker", "name"))
			.allSatisfy((id) -> assertThat(id.getTag("name")).isEqualTo("rabbit"));
		assertThat(client("published", idle)).isEqualTo(4);
		assertThat(client("acknowledged_published", idle)).isEqualTo(4);
		assertThat(client("published", lost)).isZero();
		assertThat(client("consumed", idle)).isGreaterThanOrEqualTo(5);
		assertThat(gauge("rabbitmq.connections", idle)).isPositive();
		Awaitility.await().atMost(PATIENCE).until(() -> gauge("rabbitmq.connections", lost) == 0);
	}

	private static double client(String name, String broker) {
		return meters("rabbitmq." + name).tag("broker", broker).counter().count();
	}

	@Test
	void documentationTellsTheMetersThatThereAre() throws IOException {
		List<String> documented = Files.readAllLines(DOCS.resolve("metrics.md"))
			.stream()
			.filter((line) -> line.startsWith("| `failover."))
			.toList();
		assertThat(documented).containsExactlyElementsOf(registry().getMeters()
			.stream()
			.map(Meter::getId)
			.filter((id) -> id.getName().startsWith("failover."))
			.map(MetricsIntegrationTests::row)
			.collect(Collectors.toCollection(TreeSet::new)));
	}

	@Test
	void alertRulesNameWhatThereIs() throws IOException {
		Map<String, List<Map<String, List<Map<String, Object>>>>> file = new Yaml()
			.load(Files.readString(DOCS.resolve("prometheus-alerts.yml")));
		List<Map<String, Object>> rules = file.get("groups")
			.stream()
			.flatMap((group) -> group.get("rules").stream())
			.toList();
		assertThat(rules).hasSizeGreaterThan(10);
		PrometheusMetrics metrics = scraped();
		assertThat(rules).allSatisfy((rule) -> {
			String annotations = String.valueOf(rule.get("annotations"));
			assertThat(annotations).contains("summary=", "runbook=");
			assertThat(metrics.mistakes(String.valueOf(rule.get("expr")), labels(annotations))).isEmpty();
		});
	}

	@Test
	void dashboardNamesWhatThereIs() throws IOException {
		JsonNode dashboard = new ObjectMapper().readTree(DOCS.resolve("grafana-dashboard.json").toFile());
		PrometheusMetrics metrics = scraped();
		List<JsonNode> targets = dashboard.findParents("expr");
		assertThat(targets).hasSizeGreaterThan(20).allSatisfy((target) -> {
			String shown = target.path("legendFormat").asText() + target.path("textFormat").asText()
					+ target.path("titleFormat").asText();
			assertThat(metrics.mistakes(target.get("expr").asText(), labels(shown))).isEmpty();
		});
		List<JsonNode> variables = dashboard.findParents("definition");
		assertThat(variables).extracting((variable) -> variable.path("name").asText())
			.containsExactly("application", "instance");
		assertThat(variables).allSatisfy(
				(variable) -> assertThat(metrics.mistakes(variable.get("definition").asText(), Set.of())).isEmpty());
	}

	private static PrometheusMetrics scraped() {
		return new PrometheusMetrics(((PrometheusMeterRegistry) registry()).scrape());
	}

	/**
	 * Return the labels in a text such as {@code {{ $labels.broker }}} or
	 * {@code {{broker}}}.
	 */
	private static Set<String> labels(String text) {
		return Pattern.compile("\\{\\{\\s*(?:\\$labels\\.)?([a-z_]+)\\s*}}")
			.matcher(text)
			.results()
			.map((label) -> label.group(1))
			.collect(Collectors.toSet());
	}

	private static String row(Meter.Id id) {
		String tags = id.getTags().stream().map((tag) -> "`" + tag.getKey() + "`").collect(Collectors.joining(", "));
		return "| `%s` | %s | %s | %s | %s |".formatted(id.getName(), id.getType().name().toLowerCase(), tags,
				Objects.requireNonNullElse(id.getBaseUnit(), ""), id.getDescription());
	}

	@Test
	void noTagHasManyValuesOrASecret() {
		List<Meter> meters = registry().getMeters()
			.stream()
			.filter((meter) -> meter.getId().getName().startsWith("failover."))
			.toList();
		assertThat(meters).hasSizeBetween(80, 120)
			.flatExtracting((meter) -> meter.getId().getTags())
			.extracting(Tag::getValue)
			.doesNotContain(first.password(), second.password(), Shop.QUEUE);
	}

	private static MeterRegistry registry() {
		return Objects.requireNonNull(context).getBean(MeterRegistry.class);
	}

	private static Search meters(String name) {
		return registry().find(name);
	}

	private static double gauge(String name, String broker) {
		return meters(name).tag("broker", broker).gauge().value();
	}

	private static long ready(boolean planned) {
		return meters("failover.consumers.ready").tag("planned", String.valueOf(planned)).timer().count();
	}

	private static long connects(String broker, String outcome) {
		return meters("failover.connect").tag("broker", broker).tag("outcome", outcome).timer().count();
	}

	private static double closed(String broker, String reason) {
		return meters("failover.connection.closed").tag("broker", broker).tag("reason", reason).counter().count();
	}

	private static double calls(String method, String outcome) {
		return meters("failover.ensure.calls").tag("method", "MetricsIntegrationTests.Orders." + method)
			.tag("outcome", outcome)
			.counter()
			.count();
	}

	@Configuration(proxyBeanMethods = false)
	@Import({ Orders.class, Metered.class })
	static class Shop {

		static final String QUEUE = "metered";

		private final List<String> handled = new CopyOnWriteArrayList<>();

		@Bean
		Queue queue() {
			return new Queue(QUEUE);
		}

		@RabbitListener(queues = QUEUE)
		void on(String order) {
			this.handled.add(order);
		}

	}

	/**
	 * Binds meters when Spring Boot does.
	 */
	@Configuration(proxyBeanMethods = false)
	static class Metered {

		@Bean
		PrometheusMeterRegistry registry() {
			return new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
		}

		@Bean
		SmartInitializingSingleton binding(MeterRegistry registry, ObjectProvider<MeterBinder> binders) {
			return () -> binders.orderedStream().forEach((binder) -> binder.bindTo(registry));
		}

	}

	static class Orders {

		private final AtomicInteger tries = new AtomicInteger();

		@Ensure
		void place() {
		}

		@Ensure(retryOn = IllegalStateException.class, intervalStart = "20ms")
		void retry() {
			if (this.tries.incrementAndGet() == 1) {
				throw new IllegalStateException("once");
			}
		}

		@Ensure(retryOn = IllegalStateException.class, maxRetries = "1")
		void fail() {
			throw new IllegalStateException("always");
		}

		@Ensure
		void refuse() {
			throw new IllegalArgumentException("own");
		}

	}

}
