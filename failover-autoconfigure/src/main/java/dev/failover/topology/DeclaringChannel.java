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
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeoutException;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import org.jspecify.annotations.Nullable;

/**
 * Channel that is opened when it is first used, and again when the broker has closed it
 * because of a declaration that failed. Queues that belong to another connection are
 * passed over. Used by one thread.
 */
final class DeclaringChannel implements InvocationHandler {

	private static final int QUEUE = 0;

	private static final int EXCLUSIVE = 2;

	private final Connection connection;

	private final Set<String> skipped;

	private @Nullable Channel target;

	DeclaringChannel(Connection connection, Set<String> skipped) {
		this.connection = connection;
		this.skipped = skipped;
	}

	Channel proxy() {
		return (Channel) Proxy.newProxyInstance(DeclaringChannel.class.getClassLoader(),
				new Class<?>[] { Channel.class }, this);
	}

	@Override
	public @Nullable Object invoke(Object proxy, Method method, @Nullable Object @Nullable [] args) throws Throwable {
		return switch (method.getName()) {
			case "hashCode" -> System.identityHashCode(proxy);
			case "equals" -> proxy == Objects.requireNonNull(args)[0];
			case "toString" -> "Channel that declares the topology on " + this.connection;
			case "close" -> null;
			case "queueDeclare" -> (isSkipped(args) || isExclusive(args)) ? declared(args) : invokeTarget(method, args);
			case "queueBind" -> isSkipped(args) ? new AMQP.Queue.BindOk.Builder().build() : invokeTarget(method, args);
			default -> invokeTarget(method, args);
		};
	}

	private boolean isSkipped(@Nullable Object @Nullable [] args) {
		return this.skipped.contains(queue(args));
	}

	/**
	 * A customizer may have made a queue exclusive.
	 */
	private boolean isExclusive(@Nullable Object @Nullable [] args) {
		boolean exclusive = args != null && args.length > EXCLUSIVE && Boolean.TRUE.equals(args[EXCLUSIVE]);
		if (exclusive) {
			this.skipped.add(queue(args));
		}
		return exclusive;
	}

	private static AMQP.Queue.DeclareOk declared(@Nullable Object @Nullable [] args) {
		return new AMQP.Queue.DeclareOk.Builder().queue(queue(args)).build();
	}

	private static String queue(@Nullable Object @Nullable [] args) {
		return String.valueOf(Objects.requireNonNull(args)[QUEUE]);
	}

	private @Nullable Object invokeTarget(Method method, @Nullable Object @Nullable [] args) throws Throwable {
		try {
			return method.invoke(target(), args);
		}
		catch (InvocationTargetException ex) {
			throw ex.getTargetException();
		}
	}

	private Channel target() throws IOException {
		Channel current = this.target;
		if (current == null || !current.isOpen()) {
			current = this.connection.createChannel();
			if (current == null) {
				throw new IOException("The connection has no channel left");
			}
			this.target = current;
		}
		return current;
	}

	void close() throws IOException, TimeoutException {
		if (this.target != null && this.target.isOpen()) {
			this.target.close();
		}
	}

}
