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

import java.net.ConnectException;
import java.net.Socket;

import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

import dev.failover.test.RabbitNode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

@BrokerTest
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class BrokersExtensionIntegrationTests {

	private static RabbitNode used;

	@Test
	@Order(1)
	void startsNodes(@Rabbit(name = "a", user = "app", password = "secret", virtualHost = "orders") RabbitNode a,
			@Rabbit RabbitNode b) {
		assertThat(a.isRunning()).isTrue();
		assertThat(b.isRunning()).isTrue();
		assertThat(a.name()).isEqualTo("a");
		assertThat(a.username()).isEqualTo("app");
		a.administration().addUser("leftover", "password");
		a.raiseMemoryAlarm();
		a.freeze();
		used = a;
	}

	@Test
	@Order(2)
	void usesFrozenNodesAgainAsGoodAsNew(
			@Rabbit(name = "a", user = "app", password = "secret", virtualHost = "orders") RabbitNode a) {
		assertThat(a).isSameAs(used);
		assertThat(a.isFrozen()).isFalse();
		assertThat(a.evaluate("rabbit_alarm:get_alarms().")).isEqualTo("[]");
		assertThat(a.evaluate("length(rabbit_auth_backend_internal:list_users()).")).isEqualTo("1");
		assertThat(a.evaluate("length(rabbit_vhost:list_names()).")).isEqualTo("1");
		a.kill();
		assertThatExceptionOfType(ConnectException.class).isThrownBy(() -> new Socket(a.host(), a.port()).close());
	}

	@Test
	@Order(3)
	void usesKilledNodesAgain(
			@Rabbit(name = "a", user = "app", password = "secret", virtualHost = "orders") RabbitNode a) {
		assertThat(a).isSameAs(used);
		assertThat(a.isRunning()).isTrue();
	}

	@Test
	@Order(4)
	void givesDifferentNodesForDifferentSettings(@Rabbit(name = "a") RabbitNode a) {
		assertThat(a).isNotSameAs(used);
	}

}
