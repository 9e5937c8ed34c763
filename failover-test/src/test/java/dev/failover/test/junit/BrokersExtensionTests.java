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

package dev.failover.test.junit;

import java.util.HashSet;
import java.util.Set;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

import dev.failover.test.EmbeddedBroker;
import dev.failover.test.TestBroker;

import static org.assertj.core.api.Assertions.assertThat;

@BrokerTest
class BrokersExtensionTests {

	private static final Set<TestBroker> seen = new HashSet<>();

	@Embedded(name = "shared")
	private static EmbeddedBroker shared;

	private static EmbeddedBroker fromBeforeAll;

	private static EmbeddedBroker lastOwn;

	@Embedded(user = "app", password = "secret", virtualHost = { "orders", "other" })
	private EmbeddedBroker own;

	private TestBroker fromBeforeEach;

	@BeforeAll
	static void beforeAll(@Embedded(name = "shared") EmbeddedBroker broker) {
		fromBeforeAll = broker;
	}

	@BeforeEach
	void beforeEach(@Embedded(name = "each") TestBroker broker) {
		this.fromBeforeEach = broker;
	}

	@AfterAll
	static void endsBrokersOfTests() {
		assertThat(shared.isRunning()).isTrue();
		assertThat(seen).allMatch((broker) -> !broker.isRunning());
	}

	@RepeatedTest(2)
	void givesEachTestItsOwnBrokers() {
		assertThat(this.own.isRunning()).isTrue();
		assertThat(this.own).isNotSameAs(lastOwn);
		assertThat(lastOwn).satisfiesAnyOf((broker) -> assertThat(broker).isNull(),
				(broker) -> assertThat(broker.isRunning()).isFalse());
		lastOwn = this.own;
		seen.add(this.own);
	}

	@Test
	void followsTheAnnotation() {
		assertThat(this.own.username()).isEqualTo("app");
		assertThat(this.own.password()).isEqualTo("secret");
		assertThat(this.own.virtualHost()).isEqualTo("orders");
		assertThat(this.own.uri()).hasToString("amqp://app:secret@127.0.0.1:%d/orders".formatted(this.own.port()));
		assertThat(shared.name()).isEqualTo("shared");
	}

	@Test
	void sharesBrokersByName(@Embedded(name = "shared") TestBroker first, @Embedded(name = "each") TestBroker second) {
		assertThat(first).isSameAs(shared).isSameAs(fromBeforeAll);
		assertThat(second).isSameAs(this.fromBeforeEach);
		seen.add(second);
	}

	@Test
	void givesEachPlaceWithoutNameItsOwnBroker(@Embedded TestBroker first, @Embedded TestBroker second) {
		assertThat(first).isNotSameAs(second);
		assertThat(first.port()).isNotEqualTo(second.port());
		seen.add(first);
		seen.add(second);
	}

}
