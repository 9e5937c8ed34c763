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

package dev.failover.topology;

import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

/**
 * Tests for {@link DeclaringChannel}.
 */
class DeclaringChannelTests {

	private final AnsweringConnection connection = new AnsweringConnection();

	private final DeclarationRun run = new DeclarationRun(this.connection.get(), this.connection.declarations());

	private final Channel channel = new DeclaringChannel(this.run, new HashSet<>(Set.of("mine"))).proxy();

	@AfterEach
	void close() {
		this.connection.close();
	}

	@Test
	void declarationsOfTheTopologyAreMadeInTheirOrder() throws Exception {
		this.channel.exchangeDeclare("shop", "fanout", true, false, false, null);
		this.channel.queueDeclare("orders", true, false, false, null);
		this.channel.queueBind("orders", "shop", "", null);
		this.channel.exchangeBind("shop", "amq.topic", "#", null);
		assertThat(this.connection.asked()).containsExactly("Exchange 'shop'", "Queue 'orders'",
				"Binding of 'orders' to exchange 'shop' with routing key ''",
				"Binding of 'shop' to exchange 'amq.topic' with routing key '#'");
		assertThat(this.connection.channels()).isEqualTo(1);
	}

	@Test
	void refusalIsThrownAndTheChannelReplaced() throws Exception {
		this.connection.refuse("Queue 'orders'", 406);
		assertThatIOException().isThrownBy(() -> this.channel.queueDeclare("orders", true, false, false, null))
			.withStackTraceContaining("406");
		this.channel.queueDeclare("bills", true, false, false, null);
		assertThat(this.connection.channels()).isEqualTo(2);
	}

	@Test
	void connectionWithoutAnotherChannelHasFailed() throws Exception {
		this.connection.openNoMore();
		assertThatIOException()
			.isThrownBy(() -> this.channel.exchangeDeclare("shop", "fanout", true, false, false, null))
			.withMessageContaining("no channel left");
	}

	@Test
	void queuesOfOtherConnectionsAreNeitherDeclaredNorBound() throws Exception {
		AMQP.Queue.DeclareOk declared = this.channel.queueDeclare("mine", false, false, false, null);
		this.channel.queueBind("mine", "shop", "", null);
		this.channel.queueBind("orders", "shop", "", null);
		assertThat(declared.getQueue()).isEqualTo("mine");
		assertThat(this.connection.asked())
			.containsExactly("Binding of 'orders' to exchange 'shop' with routing key ''");
	}

	@Test
	void queueThatACustomizerMadeExclusiveIsNeitherDeclaredNorBound() throws Exception {
		this.channel.queueDeclare("customized", false, true, false, null);
		this.channel.queueBind("customized", "shop", "", null);
		assertThat(this.connection.channels()).isZero();
	}

	@Test
	void queuesOfThisConnectionAreDeclaredOnIt() throws IOException {
		Channel own = new DeclaringChannel(this.run, null).proxy();
		own.queueDeclare("mine", false, true, false, null);
		own.queueDeclare("", false, true, true, null);
		own.queueBind("mine", "shop", "", null);
		assertThat(this.connection.calls()).isEqualTo(List.of("queueDeclare mine", "queueDeclare "));
		assertThat(this.connection.asked()).hasSize(1);
	}

}
