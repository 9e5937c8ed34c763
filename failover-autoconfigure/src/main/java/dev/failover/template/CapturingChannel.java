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

import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.Channel;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.core.Message;

/**
 * What {@link org.springframework.amqp.rabbit.core.RabbitTemplate} publishes on while it
 * prepares a message: keeps the message as it would be written, and does nothing else.
 */
interface CapturingChannel extends Channel {

	/**
	 * Keep a message.
	 */
	void capture(Captured message);

	/**
	 * Return the message that was kept.
	 */
	Captured captured();

	static CapturingChannel create() {
		Handler handler = new Handler();
		return (CapturingChannel) Proxy.newProxyInstance(CapturingChannel.class.getClassLoader(),
				new Class<?>[] { CapturingChannel.class }, handler);
	}

	/**
	 * A message as it would be written.
	 *
	 * @param exchange the exchange
	 * @param routingKey the routing key
	 * @param message the message after all post-processors
	 */
	record Captured(String exchange, String routingKey, Message message) {

		private static final int SHORT_STRING = 255;

		/**
		 * Refuse a message that the client would refuse while it writes it, to the harm
		 * of others on the same channel.
		 * @param properties the properties of the message as they would be written
		 * @return the size of the frame with the properties and headers, which a
		 * connection may limit
		 * @throws PublishException if the message cannot be encoded
		 */
		int check(BasicProperties properties) {
			checkLength("exchange", this.exchange, properties);
			checkLength("routing key", this.routingKey, properties);
			try {
				return properties.toFrame(1, this.message.getBody().length).size();
			}
			catch (IOException | IllegalArgumentException ex) {
				throw new PublishException("The message cannot be encoded: " + ex.getMessage(), PublishOutcome.NOT_SENT,
						properties.getMessageId(), ex);
			}
		}

		private static void checkLength(String name, String value, BasicProperties properties) {
			if (value.length() > SHORT_STRING || value.getBytes(StandardCharsets.UTF_8).length > SHORT_STRING) {
				throw new PublishException("The %s is longer than %d bytes".formatted(name, SHORT_STRING),
						PublishOutcome.NOT_SENT, properties.getMessageId(), null);
			}
		}

	}

	/**
	 * Handles the calls.
	 */
	final class Handler implements java.lang.reflect.InvocationHandler {

		private @Nullable Captured captured;

		@Override
		public @Nullable Object invoke(Object proxy, Method method, @Nullable Object @Nullable [] args) {
			return switch (method.getName()) {
				case "capture" -> {
					this.captured = argument(args, 0, Captured.class);
					yield null;
				}
				case "captured" -> this.captured;
				case "hashCode" -> System.identityHashCode(proxy);
				case "equals" -> proxy == Objects.requireNonNull(args)[0];
				case "toString" -> "Channel of the confirmed publisher";
				default -> throw new IllegalStateException(
						"'%s' cannot be called while a message is prepared".formatted(method.getName()));
			};
		}

		private static <T> T argument(@Nullable Object @Nullable [] args, int index, Class<T> type) {
			return type.cast(Objects.requireNonNull(Objects.requireNonNull(args)[index]));
		}

	}

}
