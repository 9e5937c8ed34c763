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

package dev.failover.samples.orders;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.SpringApplication;
import org.springframework.context.ConfigurableApplicationContext;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerState;
import dev.failover.broker.Brokers;
import dev.failover.test.junit.BrokersExtension;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

/**
 * The shop on RabbitMQ nodes that it brings along, which can be broken in more ways.
 */
class RabbitShopIntegrationTests {

	private static ConfigurableApplicationContext context;

	private final List<Journal.Entry> marks = new CopyOnWriteArrayList<>();

	private final List<Journal.Outage> outages = new CopyOnWriteArrayList<>();

	private final Consumer<Journal.Update> reader = (update) -> {
		if (update.data() instanceof Journal.Entry entry && entry.kind() != Journal.Kind.NOTE) {
			this.marks.add(entry);
		}
	};

	@BeforeAll
	static void start() {
		BrokersExtension.requireRabbit();
		SpringApplication application = new SpringApplication(OrdersApplication.class);
		application.addInitializers(new LocalBrokersInitializer());
		context = application.run("--server.port=0", "--orders.brokers=rabbitmq");
	}

	@AfterAll
	static void end() {
		if (context != null) {
			context.close();
		}
	}

	@BeforeEach
	void open() {
		await().until(() -> brokers().getStatuses().stream().allMatch((status) -> status.state() == BrokerState.UP));
		await().until(() -> brokers().getActive() != null);
		context.getBean(Journal.class).open(this.reader);
	}

	@AfterEach
	void close() {
		context.getBean(Journal.class).close(this.reader);
	}

	@ParameterizedTest
	@CsvSource({ "FREEZE, THAW", "BLOCK, UNBLOCK", "CUT, MEND" })
	void marksOneFaultAndOneSwitch(BrokerAction fault, BrokerAction end) {
		String active = active();
		String other = active.equals("north") ? "south" : "north";
		long confirmed = shop().state().confirmed();
		perform(active, fault);
		await().until(() -> active().equals(other));
		await().until(() -> shop().state().confirmed() > confirmed + 20);
		assertThat(view(active).faults()).containsExactly(fault);
		perform(active, end);
		await().until(() -> view(active).state() == BrokerState.UP);
		await().until(() -> shop().state().missing() == 0);
		assertThat(this.marks).extracting(Journal.Entry::kind, Journal.Entry::label)
			.containsExactly(tuple(Journal.Kind.FAULT, fault.path() + " " + active),
					tuple(Journal.Kind.SWITCH, "switch to " + other));
		context.getBean(Journal.class).open((update) -> {
			if (update.data() instanceof Journal.History history) {
				this.outages.addAll(history.outages());
			}
		});
		assertThat(this.outages.get(this.outages.size() - 1)).satisfies((outage) -> {
			assertThat(outage.from()).isEqualTo(active);
			assertThat(outage.slowest()).isGreaterThanOrEqualTo(900);
		});
		assertThat(view(active).faults()).isEmpty();
		assertThat(shop().state().errors()).isZero();
	}

	@Test
	void offersAllThatCanBeDone() {
		assertThat(view("north").actions()).extracting(ShopState.ActionView::label)
			.containsExactly("Kill", "Restart", "Freeze", "Block", "Cut", "Activate", "Disable");
		assertThat(view("north").product()).startsWith("RabbitMQ ");
	}

	private static void perform(String broker, BrokerAction action) {
		assertThat(shop().perform(broker, action)).succeedsWithin(Duration.ofSeconds(30));
	}

	private static ShopState.BrokerView view(String name) {
		return shop().state()
			.brokers()
			.stream()
			.filter((broker) -> broker.name().equals(name))
			.findFirst()
			.orElseThrow();
	}

	private static Shop shop() {
		return context.getBean(Shop.class);
	}

	private static Brokers brokers() {
		return context.getBean(Brokers.class);
	}

	private static String active() {
		Broker active = brokers().getActive();
		return (active != null) ? active.name() : "";
	}

	private static ConditionFactory await() {
		return Awaitility.await().atMost(Duration.ofSeconds(60));
	}

}
