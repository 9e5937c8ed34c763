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

package dev.failover.autoconfigure.stream;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Objects;

import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.Channel;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.rabbit.connection.ChannelProxy;
import org.springframework.amqp.rabbit.connection.PendingConfirm;
import org.springframework.amqp.rabbit.connection.PublisherCallbackChannel;

import dev.failover.template.FailoverTemplate;

/**
 * Channel for one send of a binder's template: publishing hands the message over to a
 * {@link FailoverTemplate}, which returns when it is confirmed.
 */
final class BinderChannel implements InvocationHandler {

	private static final Class<?>[] TYPES = { PublisherCallbackChannel.class, ChannelProxy.class };

	private final FailoverTemplate template;

	private PublisherCallbackChannel.@Nullable Listener listener;

	private BinderCorrelation.@Nullable Expected expected;

	private BinderChannel(FailoverTemplate template) {
		this.template = template;
	}

	static Channel create(FailoverTemplate template) {
		return (Channel) Proxy.newProxyInstance(BinderChannel.class.getClassLoader(), TYPES,
				new BinderChannel(template));
	}

	@Override
	public @Nullable Object invoke(Object proxy, Method method, @Nullable Object @Nullable [] args) {
		return switch (method.getName()) {
			case "basicPublish" -> publish(Objects.requireNonNull(args));
			case "addPendingConfirm" -> expect(Objects.requireNonNull(args));
			case "addListener" -> {
				this.listener = argument(Objects.requireNonNull(args), 0, PublisherCallbackChannel.Listener.class);
				yield null;
			}
			case "close" -> {
				close((Channel) proxy);
				yield null;
			}
			case "getNextPublishSeqNo" -> 1L;
			case "isOpen", "isPublisherConfirms", "isConfirmSelected" -> true;
			case "isTransactional" -> false;
			case "getTargetChannel", "getDelegate" -> proxy;
			case "hashCode" -> System.identityHashCode(proxy);
			case "equals" -> proxy == Objects.requireNonNull(args)[0];
			case "toString" -> "Channel of a binder";
			default -> throw new UnsupportedOperationException(
					"'%s' cannot be called on the channel of a binder".formatted(method.getName()));
		};
	}

	/**
	 * The last arguments are the properties and the body, in each variant.
	 */
	private @Nullable Object publish(@Nullable Object[] args) {
		int last = args.length - 1;
		boolean mandatory = args[2] instanceof Boolean flag && flag;
		BasicProperties properties = argument(args, last - 1, BasicProperties.class);
		BinderMessage message = new BinderMessage(argument(args, last, byte[].class), properties, mandatory);
		BinderCorrelation correlation = (this.expected != null) ? new BinderCorrelation(message, this.expected) : null;
		this.template.send(argument(args, 0, String.class), argument(args, 1, String.class), message, correlation);
		return null;
	}

	private @Nullable Object expect(@Nullable Object[] args) {
		this.expected = new BinderCorrelation.Expected(argument(args, 0, PublisherCallbackChannel.Listener.class),
				argument(args, 2, PendingConfirm.class));
		return null;
	}

	private void close(Channel channel) {
		if (this.listener != null) {
			this.listener.revoke(channel);
		}
	}

	private static <T> T argument(@Nullable Object[] args, int index, Class<T> type) {
		return type.cast(Objects.requireNonNull(args[index]));
	}

}
