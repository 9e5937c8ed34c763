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

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.core.Queue;
import org.springframework.boot.health.actuate.endpoint.HealthEndpoint;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.actuate.BrokersHealthContributor;
import dev.failover.actuate.WebEndpoint;
import dev.failover.broker.BrokerState;
import dev.failover.broker.Brokers;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What operators read from the endpoint while brokers are killed or vanish.
 */
@BrokerTest
class EndpointIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(30);

	/**
	 * What the documentation promises.
	 */
	private static final Duration PROMISE = Duration.ofMillis(50);

	@North
	private RabbitNode first;

	@South
	private RabbitNode second;

	private ProxiedNode toFirst;

	private ProxiedNode toSecond;

	@BeforeEach
	void putProxiesBefore() {
		this.toFirst = ProxiedNode.plain(this.first);
		this.toSecond = ProxiedNode.plain(this.second);
	}

	@AfterEach
	void closeProxies() {
		this.toFirst.close();
		this.toSecond.close();
	}

	@Test
	void tellsWhatEachBrokerIsAndWhatASwitchHasCost() {
		try (ConfigurableApplicationContext context = run()) {
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			template.convertAndSend(Publishing.QUEUE, "before");
			WebEndpoint endpoint = new WebEndpoint(context);
			Brokers brokers = context.getBean(Brokers.class);
			ProxiedNode active = active(brokers);
			String from = active.name(brokers);
			String to = other(active).name(brokers);
			Awaitility.await()
				.atMost(PATIENCE)
				.until(() -> endpoint.get().<Integer>read(path(to, "standbyConnections")) > 0);
			assertThat(endpoint.get().<Map<String, Object>>read(path(to, "server")))
				.containsEntry("product", "RabbitMQ")
				.containsEntry("version", this.first.version())
				.containsKey("cluster")
				.hasEntrySatisfying("channelMax", (max) -> assertThat(max).isEqualTo(2047))
				.hasEntrySatisfying("frameMax", (max) -> assertThat(max).isEqualTo(131072));
			active.node().kill();
			template.convertAndSend(Publishing.QUEUE, "after");
			WebEndpoint.Answer answer = endpoint.get();
			assertThat(context.getBean(HealthEndpoint.class).health().getStatus())
				.isEqualTo(BrokersHealthContributor.FAILED_OVER);
			assertThat(answer.<String>read("$.active")).isEqualTo(to);
			assertThat(answer.<Map<String, Object>>read("$.lastSwitch.details")).containsEntry("from", from)
				.containsEntry("to", to)
				.containsEntry("planned", false)
				.containsKeys("outage", "reason");
			assertThat(answer.<String>read(path(from, "state"))).isEqualTo("DOWN");
			assertThat(answer.<List<String>>read("$.events[*].type")).contains("Lost", "StateChanged", "Activated");
			assertThat(answer.body()).contains("rabbitTemplate").doesNotContain(passwords());
		}
	}

	@Test
	void answersAtOnceWhileEveryBrokerIsBlackHoled() {
		try (ConfigurableApplicationContext context = run("failover.ensure.timeout=20s")) {
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			template.convertAndSend(Publishing.QUEUE, "before");
			WebEndpoint endpoint = new WebEndpoint(context);
			endpoint.get();
			this.toFirst.proxy().blackHole();
			this.toSecond.proxy().blackHole();
			template.convertAndSendAsync("", Publishing.QUEUE, "waits");
			Brokers brokers = context.getBean(Brokers.class);
			Awaitility.await().pollInterval(Duration.ofMillis(20)).atMost(PATIENCE).until(() -> {
				long begin = System.nanoTime();
				WebEndpoint.Answer answer = endpoint.get();
				assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(PROMISE);
				assertThat(answer.<Integer>read("$.publishers.rabbitTemplate.inFlight")).isEqualTo(1);
				return brokers.getStatuses().stream().allMatch((status) -> status.state() == BrokerState.DOWN);
			});
			Awaitility.await().atMost(PATIENCE).until(() -> endpoint.get().<Integer>read("$.callersWaiting") > 0);
			WebEndpoint.Answer answer = endpoint.get();
			assertThat(answer.<Map<String, Object>>read("$")).doesNotContainKey("active");
			assertThat(answer.body()).contains("TIMEOUT").doesNotContain(passwords());
			this.toFirst.proxy().pass();
			Awaitility.await().atMost(PATIENCE).until(() -> brokers.getActive() != null);
		}
	}

	@Test
	void movesAndTakesBrokersOutOfUse() {
		try (ConfigurableApplicationContext context = run()) {
			context.getBean(FailoverTemplate.class).convertAndSend(Publishing.QUEUE, "before");
			WebEndpoint endpoint = new WebEndpoint(context);
			Brokers brokers = context.getBean(Brokers.class);
			ProxiedNode active = active(brokers);
			String from = active.name(brokers);
			String to = other(active).name(brokers);
			assertThat(endpoint.post("activate", Map.of("broker", to)).status()).isEqualTo(202);
			awaitDone(endpoint);
			assertThat(endpoint.get().<Map<String, Object>>read("$.lastSwitch.details")).containsEntry("to", to)
				.containsEntry("planned", true);
			assertThat(endpoint.post("disable", Map.of("broker", from)).status()).isIn(200, 202);
			awaitDone(endpoint);
			assertThat(endpoint.get().<String>read(path(from, "state"))).isEqualTo("DISABLED");
			WebEndpoint.Answer last = endpoint.post("disable", Map.of("broker", to));
			assertThat(last.status()).isEqualTo(409);
			assertThat(last.<String>read("$.reason")).contains("there is no other one to go to");
			assertThat(endpoint.post("enable", Map.of("broker", from)).status()).isEqualTo(200);
			assertThat(endpoint.get().<String>read(path(from, "state"))).isNotEqualTo("DISABLED");
		}
	}

	@Test
	void forceDoesNotWaitForAMoveThatTakesLong() {
		try (ConfigurableApplicationContext context = run("failover.standby=false", "failover.connect.timeout=30s",
				"failover.detection.probe-timeout=30s")) {
			context.getBean(FailoverTemplate.class).convertAndSend(Publishing.QUEUE, "before");
			WebEndpoint endpoint = new WebEndpoint(context);
			Brokers brokers = context.getBean(Brokers.class);
			ProxiedNode slow = other(active(brokers));
			String to = slow.name(brokers);
			slow.proxy().delay(Duration.ofSeconds(2));
			assertThat(endpoint.post("activate", Map.of("broker", to)).status()).isEqualTo(202);
			long begin = System.nanoTime();
			assertThat(endpoint.post("activate", Map.of("broker", to, "force", true)).status()).isEqualTo(200);
			assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(PROMISE);
			assertThat(endpoint.get().<String>read("$.active")).isEqualTo(to);
			slow.proxy().pass();
			slow.proxy().delay(Duration.ZERO);
			context.getBean(FailoverTemplate.class).convertAndSend(Publishing.QUEUE, "after");
			assertThat(slow.isActive(brokers)).isTrue();
		}
	}

	@Test
	void heldApplicationStaysOnABlockedBrokerUntilItIsReleasedAndLeavesALostOne() throws Exception {
		try (ConfigurableApplicationContext context = run("failover.detection.success-threshold=1")) {
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			template.convertAndSend(Publishing.QUEUE, "before");
			WebEndpoint endpoint = new WebEndpoint(context);
			Brokers brokers = context.getBean(Brokers.class);
			ProxiedNode blocked = active(brokers);
			ProxiedNode other = other(blocked);
			assertThat(endpoint.post("hold", Map.of()).status()).isEqualTo(200);
			blocked.node().raiseMemoryAlarm();
			try {
				CompletableFuture<?> waiting = template.convertAndSendAsync("", Publishing.QUEUE, "waits");
				Awaitility.await()
					.atMost(PATIENCE)
					.until(() -> endpoint.get().<List<String>>read("$.events[*].details.cause"),
							(causes) -> causes.contains("ALARM"));
				assertThat(blocked.isActive(brokers)).isTrue();
				assertThat(waiting).isNotDone();
				endpoint.post("release", Map.of());
				waiting.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
				assertThat(other.isActive(brokers)).isTrue();
			}
			finally {
				blocked.node().clearMemoryAlarm();
			}
			Awaitility.await()
				.atMost(PATIENCE)
				.until(() -> endpoint.get().<String>read(path(blocked.name(brokers), "state")), "UP"::equals);
			endpoint.post("hold", Map.of());
			other.node().kill();
			template.convertAndSend(Publishing.QUEUE, "after");
			assertThat(blocked.isActive(brokers)).isTrue();
			assertThat(endpoint.get().<Boolean>read("$.held")).isTrue();
		}
	}

	private static void awaitDone(WebEndpoint endpoint) {
		Awaitility.await()
			.atMost(PATIENCE)
			.until(() -> endpoint.get().<String>read("$.operations[0].state"), "DONE"::equals);
	}

	private static String path(String broker, String name) {
		return "$.brokers['%s'].%s".formatted(broker, name);
	}

	private ProxiedNode active(Brokers brokers) {
		return this.toFirst.isActive(brokers) ? this.toFirst : this.toSecond;
	}

	private ProxiedNode other(ProxiedNode one) {
		return (one == this.toFirst) ? this.toSecond : this.toFirst;
	}

	private CharSequence[] passwords() {
		return new CharSequence[] { this.first.password(), this.second.password() };
	}

	private ConfigurableApplicationContext run(String... properties) {
		return Applications.run(Publishing.class,
				Stream.concat(Stream.of(properties),
						Stream.of("failover.brokers=%s;%s".formatted(this.toFirst.uri(), this.toSecond.uri()),
								"management.endpoints.web.exposure.include=failover,health",
								"management.endpoint.failover.access=unrestricted"))
					.toArray(String[]::new));
	}

	@Configuration(proxyBeanMethods = false)
	static class Publishing {

		static final String QUEUE = "endpoint";

		@Bean
		Queue queue() {
			return new Queue(QUEUE);
		}

	}

}
