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

package dev.failover.template;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.ShutdownListener;
import com.rabbitmq.client.ShutdownSignalException;
import org.junit.jupiter.api.Test;
import org.mockito.ArgumentCaptor;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageBuilder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.verify;

/**
 * Tests for {@link Request}.
 */
class RequestTests {

	private final Message message = MessageBuilder.withBody("body".getBytes(StandardCharsets.UTF_8))
		.setMessageId("id")
		.setHeader("mine", 1)
		.build();

	private final List<Request.LostReply> lost = new ArrayList<>();

	private final Channel channel = mock(Channel.class);

	@Test
	void isACopyThatTheNextTryDoesNotSee() {
		Request request = new Request(this.message, this.lost::add);
		assertThat(request.getBody()).isEqualTo(this.message.getBody());
		assertThat(request.getMessageProperties()).isEqualTo(this.message.getMessageProperties());
		request.getMessageProperties().setReplyTo("replies");
		request.getMessageProperties().setCorrelationId("first");
		request.getMessageProperties().setHeader("mine", 2);
		assertThat(this.message.getMessageProperties().getReplyTo()).isNull();
		assertThat(this.message.getMessageProperties().getCorrelationId()).isNull();
		assertThat(this.message.getMessageProperties().getHeaders()).isEqualTo(Map.of("mine", 1));
	}

	@Test
	void lostReplyIsThatOfTheTryThatTheChannelWasLostWith() {
		Request request = new Request(this.message, this.lost::add);
		request.getMessageProperties().setCorrelationId("first");
		request.watch(this.channel);
		request.getMessageProperties().setCorrelationId("none");
		request.getMessageProperties().setHeader("mine", 2);
		ShutdownSignalException cause = new ShutdownSignalException(true, false, null, null);
		listener().shutdownCompleted(cause);
		assertThat(this.lost).singleElement().satisfies((reply) -> {
			assertThat(reply.cause()).isSameAs(cause);
			assertThat(reply.getMessageProperties().getCorrelationId()).isEqualTo("first");
			assertThat(reply.getMessageProperties().getHeaders()).isEqualTo(Map.of("mine", 1));
		});
	}

	@Test
	void channelIsNotWatchedAnyMoreAfterTheEnd() {
		Request request = new Request(this.message, this.lost::add);
		request.close();
		request.watch(this.channel);
		request.close();
		ShutdownListener watching = listener();
		verify(this.channel).removeShutdownListener(watching);
	}

	private ShutdownListener listener() {
		ArgumentCaptor<ShutdownListener> listener = ArgumentCaptor.forClass(ShutdownListener.class);
		verify(this.channel).addShutdownListener(listener.capture());
		return listener.getValue();
	}

}
