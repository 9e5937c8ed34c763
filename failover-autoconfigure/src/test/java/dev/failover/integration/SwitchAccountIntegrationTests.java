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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.amqp.core.Queue;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.boot.actuate.context.properties.ConfigurationPropertiesReportEndpoint;
import org.springframework.boot.actuate.env.EnvironmentEndpoint;
import org.springframework.boot.actuate.info.InfoEndpoint;
import org.springframework.boot.health.actuate.endpoint.HealthEndpoint;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.event.EventListener;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

import dev.failover.actuate.FailoverEndpoint;
import dev.failover.broker.BrokerEvent;
import dev.failover.broker.BrokerFailure;
import dev.failover.broker.FailureReason;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.FaultProxy;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Tests that each fault of the active broker is one switch for whoever looks: one event,
 * one line of the log, one count of the meter, with the same right reason. Nobody is told
 * a password.
 */
@BrokerTest
@ExtendWith(OutputCaptureExtension.class)
class SwitchAccountIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(30);

	private static final String QUEUE = "accounted";

	@North
	private RabbitNode first;

	@South
	private RabbitNode second;

	@ParameterizedTest
	@EnumSource
	void faultIsOneSwitch(Fault fault, CapturedOutput output) throws Exception {
		try (FaultProxy network = FaultProxy.to(this.first);
				ConfigurableApplicationContext context = Applications.run(Shop.class,
						"failover.brokers=" + Applications.through(network, this.first) + ";" + this.second.uri(),
						"failover.connect.race-delay=20s", "management.endpoints.web.exposure.include=*",
						"management.endpoint.env.show-values=always",
						"management.endpoint.configprops.show-values=always",
						"management.endpoint.health.show-details=always");
				SteadyLoad load = SteadyLoad.start(context.getBean(FailoverTemplate.class), List.of(QUEUE), 100)) {
			Shop shop = context.getBean(Shop.class);
			load.awaitConfirmed(20);
			int before = output.length();
			fault.begin.accept(this.first, network);
			await().atMost(PATIENCE).until(() -> !shop.switches.isEmpty());
			load.startOver();
			load.awaitConfirmed(100);
			load.end();
			assertThat(load.errors()).isEmpty();
			assertThat(shop.switches).singleElement().satisfies((activated) -> {
				assertThat(activated.to().port()).isEqualTo(this.second.port());
				assertThat(activated.failure()).isNotNull().extracting(BrokerFailure::reason).isIn(fault.reasons);
			});
			FailureReason reason = shop.switches.get(0).failure().reason();
			await().atMost(PATIENCE)
				.untilAsserted(() -> assertThat(output.toString().substring(before).lines())
					.filteredOn((line) -> line.contains("Switched from broker"))
					.singleElement()
					.asString()
					.contains("had failed: " + reason));
			assertThat(output.toString().substring(before).lines())
				.noneMatch((line) -> line.contains("Broker ") && line.contains(" failed: "));
			assertThat(context.getBean(MeterRegistry.class).find("failover.switches").counters()).singleElement()
				.satisfies((counter) -> assertCounted(counter, reason));
			assertThat(this.first.password()).isNotBlank();
			assertThat(told(context, output)).allSatisfy((where, text) -> assertThat(text).as(where)
				.isNotBlank()
				.doesNotContain(this.first.password(), this.second.password()));
		}
		finally {
			fault.end.accept(this.first);
		}
	}

	/**
	 * Return everything that somebody is told, by where.
	 */
	private static Map<String, String> told(ConfigurableApplicationContext context, CapturedOutput output) {
		JsonMapper mapper = JsonMapper.builder().disable(SerializationFeature.FAIL_ON_EMPTY_BEANS).build();
		Map<String, String> told = new LinkedHashMap<>();
		told.put("log", output.toString());
		told.put("failover", mapper.writeValueAsString(context.getBean(FailoverEndpoint.class).failover()));
		told.put("health", mapper.writeValueAsString(context.getBean(HealthEndpoint.class).health()));
		told.put("info", mapper.writeValueAsString(context.getBean(InfoEndpoint.class).info()));
		told.put("env", mapper.writeValueAsString(context.getBean(EnvironmentEndpoint.class).environment(null)));
		told.put("configprops", mapper.writeValueAsString(
				context.getBean(ConfigurationPropertiesReportEndpoint.class).configurationProperties()));
		told.put("metrics",
				context.getBean(MeterRegistry.class).getMeters().stream().map(Meter::getId).toList().toString());
		told.put("events", context.getBean(Shop.class).events.toString());
		told.put("events as JSON", mapper.writeValueAsString(context.getBean(Shop.class).events));
		return told;
	}

	private static void assertCounted(Counter counter, FailureReason reason) {
		assertThat(counter.count()).isOne();
		assertThat(counter.getId().getTag("reason")).isEqualTo(reason.name().toLowerCase(Locale.ROOT));
	}

	/**
	 * What happens to the active broker, and how it is told.
	 */
	enum Fault {

		KILL((node, network) -> node.kill(), RabbitNode::start, FailureReason.CONNECTION_LOST),

		/**
		 * The broker says why it closes a connection, unless it resets it at once.
		 */
		STOP((node, network) -> node.stop(), RabbitNode::start, FailureReason.CONNECTION_CLOSED,
				FailureReason.CONNECTION_LOST),

		FREEZE((node, network) -> node.freeze(), RabbitNode::thaw, FailureReason.TIMEOUT),

		ALARM((node, network) -> node.raiseMemoryAlarm(), RabbitNode::clearMemoryAlarm, FailureReason.BLOCKED),

		SILENCE((node, network) -> network.blackHole(), (node) -> {
		}, FailureReason.TIMEOUT),

		CUT((node, network) -> {
			network.refuse();
			network.cut();
		}, (node) -> {
		}, FailureReason.CONNECTION_LOST),

		MAINTENANCE((node, network) -> node.administration().drain(), (node) -> node.administration().revive(),
				FailureReason.MAINTENANCE);

		private final BiConsumer<RabbitNode, FaultProxy> begin;

		private final Consumer<RabbitNode> end;

		private final List<FailureReason> reasons;

		Fault(BiConsumer<RabbitNode, FaultProxy> begin, Consumer<RabbitNode> end, FailureReason... reasons) {
			this.begin = begin;
			this.end = end;
			this.reasons = List.of(reasons);
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Shop {

		private final List<BrokerEvent> events = new CopyOnWriteArrayList<>();

		private final List<BrokerEvent.Activated> switches = new CopyOnWriteArrayList<>();

		@Bean
		Queue accounted() {
			return new Queue(QUEUE);
		}

		@Bean
		static SimpleMeterRegistry registry() {
			return new SimpleMeterRegistry();
		}

		@Bean
		static SmartInitializingSingleton binding(MeterRegistry registry, ObjectProvider<MeterBinder> binders) {
			return () -> binders.orderedStream().forEach((binder) -> binder.bindTo(registry));
		}

		@EventListener
		void on(BrokerEvent event) {
			this.events.add(event);
			if (event instanceof BrokerEvent.Activated activated && activated.from() != null) {
				this.switches.add(activated);
			}
		}

	}

}
