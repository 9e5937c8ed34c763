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

import java.util.HashMap;
import java.util.function.Consumer;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.ShutdownListener;
import com.rabbitmq.client.ShutdownSignalException;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageBuilder;
import org.springframework.amqp.core.MessageProperties;
import org.springframework.amqp.rabbit.connection.ChannelProxy;

/**
 * One try of a request, whose sender waits for the reply. If the channel that it went out
 * on is lost, the sender is handed a {@link LostReply} in place of a reply: nobody knows
 * whether one would still come.
 */
final class Request extends Message implements AutoCloseable {

	private final transient Consumer<LostReply> whenLost;

	private transient @Nullable Channel channel;

	private transient @Nullable ShutdownListener listener;

	/**
	 * Create a try.
	 * @param message what is requested, which is copied
	 * @param whenLost called when the channel is lost, on a thread of the client
	 */
	Request(Message message, Consumer<LostReply> whenLost) {
		super(message.getBody(), MessageBuilder.fromMessage(message).build().getMessageProperties());
		this.whenLost = whenLost;
	}

	/**
	 * Watch the channel that the request is about to go out on. The properties tell by
	 * now which reply is waited for. It is the target of a cached channel that is
	 * watched: whatever is called on a cached channel whose target is lost gives it a new
	 * target, which the reply would never come to.
	 */
	void watch(Channel channel) {
		MessageProperties properties = new MessageProperties();
		properties.setCorrelationId(getMessageProperties().getCorrelationId());
		properties.setHeaders(new HashMap<>(getMessageProperties().getHeaders()));
		ShutdownListener watching = (cause) -> this.whenLost.accept(new LostReply(properties, cause));
		Channel target = (channel instanceof ChannelProxy proxy && proxy.isOpen()) ? proxy.getTargetChannel() : channel;
		this.channel = target;
		this.listener = watching;
		target.addShutdownListener(watching);
	}

	@Override
	public void close() {
		if (this.channel != null && this.listener != null) {
			this.channel.removeShutdownListener(this.listener);
		}
	}

	/**
	 * Takes the place of a reply that does not come.
	 */
	static final class LostReply extends Message {

		private final transient ShutdownSignalException cause;

		LostReply(MessageProperties properties, ShutdownSignalException cause) {
			super(new byte[0], properties);
			this.cause = cause;
		}

		ShutdownSignalException cause() {
			return this.cause;
		}

	}

}
