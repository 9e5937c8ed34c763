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

import java.net.URI;
import java.time.Duration;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;

import dev.failover.broker.Brokers;
import dev.failover.test.FaultProxy;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatException;

/**
 * Tests for applications that start while a broker cannot be used.
 */
@BrokerTest
@ExtendWith(OutputCaptureExtension.class)
class StartIntegrationTests {

	@North
	private RabbitNode first;

	@South
	private RabbitNode second;

	@ParameterizedTest
	@EnumSource
	void worksThroughTheSecondBrokerWhenTheFirstCannotBeUsed(Mistake mistake, CapturedOutput output) {
		try (FaultProxy proxy = FaultProxy.to(this.first)) {
			proxy.refuse();
			String brokers = "failover.brokers=" + mistake.uri(this.first, proxy) + ";" + this.second.uri();
			try (ConfigurableApplicationContext context = Applications.run(OrderQueue.class, brokers)) {
				RabbitTemplate template = context.getBean(RabbitTemplate.class);
				for (int i = 0; i < 100; i++) {
					template.convertAndSend(OrderQueue.NAME, "order-" + i);
				}
				Brokers state = context.getBean(Brokers.class);
				assertThat(state.getActive()).isEqualTo(state.getAll().get(1));
				assertThat(state.getStatuses().get(0).lastFailure()).isNotNull();
			}
		}
		assertThat(new QueueOnBroker(this.second, OrderQueue.NAME).drain()).hasSize(100);
		assertThat(output).doesNotContain("north-secret").doesNotContain("south-secret").doesNotContain("wrong-secret");
		if (mistake == Mistake.PASSWORD || mistake == Mistake.VIRTUAL_HOST) {
			assertThat(output.getAll().lines().filter((line) -> line.contains("ERROR"))).hasSize(1)
				.first()
				.asString()
				.contains(String.valueOf(this.first.port()));
		}
	}

	@Test
	void startsWithOneBrokerThatAnswersIfOneIsEnough() {
		this.first.stop();
		try (ConfigurableApplicationContext context = Applications.run(OrderQueue.class,
				Applications.brokers(this.first, this.second), "failover.startup=one")) {
			assertThat(context.getBean(Brokers.class).getActive())
				.isEqualTo(context.getBean(Brokers.class).getAll().get(1));
		}
	}

	@Test
	void failsToStartWithOneBrokerThatAnswersIfAllMust(CapturedOutput output) {
		this.first.stop();
		assertThatException().isThrownBy(() -> Applications.run(OrderQueue.class,
				Applications.brokers(this.first, this.second), "failover.startup=all"));
		assertThat(output).contains("APPLICATION FAILED TO START")
			.contains(":" + this.first.port())
			.contains("UNREACHABLE")
			.contains("failover.startup=lazy")
			.doesNotContain("-secret");
	}

	@Test
	void failsToStartInTimeWithBrokersThatAreTooSlow(CapturedOutput output) {
		try (FaultProxy north = FaultProxy.to(this.first); FaultProxy south = FaultProxy.to(this.second)) {
			north.blackHole();
			south.delay(Duration.ofSeconds(20));
			String brokers = "failover.brokers=" + Applications.through(north, this.first) + ";"
					+ Applications.through(south, this.second);
			long start = System.nanoTime();
			assertThatException().isThrownBy(() -> Applications.run(OrderQueue.class, brokers, "failover.startup=one",
					"failover.connect.timeout=1s"));
			assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(15));
			assertThat(output).contains("APPLICATION FAILED TO START")
				.contains(":" + north.port())
				.contains(":" + south.port())
				.doesNotContain("-secret");
		}
	}

	enum Mistake {

		REFUSED {
			@Override
			String uri(RabbitNode node, FaultProxy refusing) {
				return Applications.through(refusing, node);
			}
		},

		NAME {
			@Override
			String uri(RabbitNode node, FaultProxy refusing) {
				return node.uri().toString().replace(node.host() + ":", "no-such-host.invalid:");
			}
		},

		PASSWORD {
			@Override
			String uri(RabbitNode node, FaultProxy refusing) {
				return node.uri().toString().replace(node.password(), "wrong-secret");
			}
		},

		VIRTUAL_HOST {
			@Override
			String uri(RabbitNode node, FaultProxy refusing) {
				return URI.create(node.uri().toString()).resolve("/elsewhere").toString();
			}
		};

		abstract String uri(RabbitNode node, FaultProxy refusing);

	}

}
