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
import java.util.Set;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.mockito.BDDMockito;
import org.mockito.Mockito;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

/**
 * Tests for {@link DeclaringChannel}.
 */
class DeclaringChannelTests {

	private final Connection connection = Mockito.mock();

	private final Channel first = Mockito.mock();

	private final Channel second = Mockito.mock();

	private final DeclaringChannel declaring = new DeclaringChannel(this.connection, new HashSet<>(Set.of("mine")));

	private final Channel channel = this.declaring.proxy();

	@BeforeEach
	void openChannels() throws IOException {
		BDDMockito.given(this.connection.createChannel()).willReturn(this.first, this.second);
		BDDMockito.given(this.first.isOpen()).willReturn(true);
	}

	@Test
	void channelIsOpenedWhenItIsFirstUsed() throws Exception {
		Mockito.verifyNoInteractions(this.connection);
		this.channel.exchangeDeclare("shop", "fanout");
		this.channel.exchangeDeclare("store", "fanout");
		Mockito.verify(this.connection).createChannel();
		Mockito.verify(this.first).exchangeDeclare("store", "fanout");
	}

	@Test
	void channelThatTheBrokerHasClosedIsReplaced() throws Exception {
		BDDMockito.given(this.first.exchangeDeclarePassive("shop")).willThrow(new IOException("refused"));
		assertThatIOException().isThrownBy(() -> this.channel.exchangeDeclarePassive("shop")).withMessage("refused");
		BDDMockito.given(this.first.isOpen()).willReturn(false);
		this.channel.exchangeDeclarePassive("store");
		Mockito.verify(this.second).exchangeDeclarePassive("store");
	}

	@Test
	void connectionWithoutAnotherChannelHasFailed() throws Exception {
		BDDMockito.given(this.connection.createChannel()).willReturn(null);
		assertThatIOException().isThrownBy(() -> this.channel.exchangeDeclare("shop", "fanout"))
			.withMessageContaining("no channel left");
	}

	@Test
	void queuesOfOtherConnectionsAreNeitherDeclaredNorBound() throws Exception {
		AMQP.Queue.DeclareOk declared = this.channel.queueDeclare("mine", false, false, false, null);
		this.channel.queueBind("mine", "shop", "", null);
		this.channel.queueBind("orders", "shop", "", null);
		assertThat(declared.getQueue()).isEqualTo("mine");
		Mockito.verify(this.first).queueBind("orders", "shop", "", null);
		Mockito.verify(this.first, Mockito.never()).queueBind("mine", "shop", "", null);
	}

	@Test
	void queueThatACustomizerMadeExclusiveIsNeitherDeclaredNorBound() throws Exception {
		this.channel.queueDeclare("customized", false, true, false, null);
		this.channel.queueBind("customized", "shop", "", null);
		Mockito.verifyNoInteractions(this.connection);
	}

	@Test
	void channelStaysOpenUntilAllIsDeclared() throws Exception {
		this.channel.exchangeDeclare("shop", "fanout");
		this.channel.close();
		Mockito.verify(this.first, Mockito.never()).close();
		this.declaring.close();
		Mockito.verify(this.first).close();
	}

	@Test
	void channelThatWasNeverUsedNeedNotBeClosed() throws Exception {
		this.declaring.close();
		Mockito.verifyNoInteractions(this.connection);
	}

}
