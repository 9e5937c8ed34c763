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

import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.context.ConfigurableApplicationContext;

import dev.failover.broker.Broker;
import dev.failover.broker.Brokers;
import dev.failover.test.EmbeddedBroker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.tuple;

/**
 * The shop on brokers that it was given.
 */
class GivenBrokersTests {

	private final List<Journal.Entry> marks = new CopyOnWriteArrayList<>();

	@Test
	void marksTheirFaultsAndLeavesThemToOthers() {
		try (EmbeddedBroker one = EmbeddedBroker.builder().start();
				EmbeddedBroker two = EmbeddedBroker.builder().start();
				ConfigurableApplicationContext context = start(one, two)) {
			Shop shop = context.getBean(Shop.class);
			assertThat(shop.state().brokers()).hasSize(2)
				.allSatisfy((broker) -> assertThat(broker.actions()).extracting(ShopState.ActionView::label)
					.containsExactly("Activate", "Disable"));
			Broker active = context.getBean(Brokers.class).getActive();
			assertThat(active).isNotNull();
			assertThatIllegalStateException().isThrownBy(() -> shop.perform(active.name(), BrokerAction.KILL))
				.withMessageContaining("was not started by the shop: kill it yourself");
			context.getBean(Journal.class).open((update) -> {
				if (update.data() instanceof Journal.Entry entry && entry.kind() != Journal.Kind.NOTE) {
					this.marks.add(entry);
				}
			});
			((active.port() == one.port()) ? one : two).kill();
			String other = context.getBean(Brokers.class)
				.getAll()
				.stream()
				.map(Broker::name)
				.filter((name) -> !name.equals(active.name()))
				.findFirst()
				.orElseThrow();
			Awaitility.await()
				.atMost(Duration.ofSeconds(30))
				.untilAsserted(() -> assertThat(this.marks).extracting(Journal.Entry::kind, Journal.Entry::label)
					.containsExactly(tuple(Journal.Kind.FAULT, active.name() + " down"),
							tuple(Journal.Kind.SWITCH, "switch to " + other)));
		}
	}

	private static ConfigurableApplicationContext start(EmbeddedBroker one, EmbeddedBroker two) {
		SpringApplication application = new SpringApplication(OrdersApplication.class);
		application.setWebApplicationType(WebApplicationType.NONE);
		application.addInitializers(new LocalBrokersInitializer());
		return application.run("--failover.brokers=%s;%s".formatted(one.uri(), two.uri()));
	}

}
