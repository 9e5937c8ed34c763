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
import java.util.Map;
import java.util.Objects;
import java.util.Set;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import org.jspecify.annotations.Nullable;
import org.springframework.util.StringUtils;

/**
 * Makes a {@link DeclarationRun} of what is declared on a channel. Used by one thread.
 */
final class DeclaringChannel implements InvocationHandler {

	private static final int QUEUE = 0;

	private static final int EXCLUSIVE = 2;

	private final DeclarationRun run;

	private final @Nullable Set<String> skipped;

	/**
	 * Create an instance.
	 * @param run declares
	 * @param skipped the names of queues that are neither declared nor bound, as they
	 * belong to other connections, to which exclusive ones are added; {@code null} if
	 * they belong to this one
	 */
	DeclaringChannel(DeclarationRun run, @Nullable Set<String> skipped) {
		this.run = run;
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
			case "toString" -> "Channel that declares the topology";
			case "isOpen" -> true;
			case "close" -> null;
			case "exchangeDeclare" -> declareExchange(Objects.requireNonNull(args));
			case "queueDeclare" -> declareQueue(method, Objects.requireNonNull(args));
			case "queueBind" -> bindQueue(Objects.requireNonNull(args));
			case "exchangeBind" -> bindExchange(Objects.requireNonNull(args));
			default -> call(method, args);
		};
	}

	private Object declareExchange(@Nullable Object[] args) throws IOException {
		this.run.declare(Declaration.exchange(name(args[0]), name(args[1]), is(args[2]), is(args[3]), is(args[4]),
				arguments(args[5])));
		return new AMQP.Exchange.DeclareOk.Builder().build();
	}

	private @Nullable Object declareQueue(Method method, @Nullable Object[] args) throws Throwable {
		String name = name(args[QUEUE]);
		boolean ofConnection = is(args[EXCLUSIVE]) || !StringUtils.hasText(name);
		if (this.skipped == null && ofConnection) {
			return call(method, args);
		}
		if (this.skipped != null && ofConnection) {
			this.skipped.add(name);
		}
		if (!isSkipped(name)) {
			this.run.declare(Declaration.queue(name, is(args[1]), false, is(args[3]), arguments(args[4])));
		}
		return new AMQP.Queue.DeclareOk.Builder().queue(name).build();
	}

	private Object bindQueue(@Nullable Object[] args) throws IOException {
		String queue = name(args[QUEUE]);
		if (!isSkipped(queue)) {
			this.run.declare(Declaration.queueBinding(queue, name(args[1]), name(args[2]), arguments(args[3])));
		}
		return new AMQP.Queue.BindOk.Builder().build();
	}

	private Object bindExchange(@Nullable Object[] args) throws IOException {
		this.run.declare(Declaration.exchangeBinding(name(args[0]), name(args[1]), name(args[2]), arguments(args[3])));
		return new AMQP.Exchange.BindOk.Builder().build();
	}

	private boolean isSkipped(String queue) {
		return this.skipped != null && this.skipped.contains(queue);
	}

	private static String name(@Nullable Object argument) {
		return String.valueOf(argument);
	}

	private static boolean is(@Nullable Object argument) {
		return Boolean.TRUE.equals(argument);
	}

	@SuppressWarnings("unchecked")
	private static @Nullable Map<String, Object> arguments(@Nullable Object argument) {
		return (Map<String, Object>) argument;
	}

	/**
	 * Do what nothing else does in place of this connection.
	 */
	private @Nullable Object call(Method method, @Nullable Object @Nullable [] args) throws Throwable {
		Channel channel = this.run.take();
		try {
			Object result = method.invoke(channel, args);
			this.run.give(channel);
			return result;
		}
		catch (InvocationTargetException ex) {
			throw ex.getTargetException();
		}
	}

}
