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

package dev.failover.virtual;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.impl.NetworkConnection;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What the client adds to its interfaces would reach nobody, or the wrong broker.
 */
class ClientInterfaceTests {

	/**
	 * Default methods that may stay as the client has them.
	 */
	private static final Map<String, String> DEFAULTS = Map.of("openChannel()", "calls createChannel()",
			"openChannel(int)", "calls createChannel(int)");

	@Test
	@DisplayName("rule 13: every method of a channel is declared by the virtual one")
	void everyMethodOfAChannelIsDeclared() {
		assertThat(undeclared(Channel.class, VirtualChannel.class)).isEmpty();
	}

	@Test
	@DisplayName("rule 13: every method of a connection is declared by the virtual one, or is a default one that calls such a method")
	void everyMethodOfAConnectionIsDeclared() {
		List<String> names = Stream.of(Connection.class, NetworkConnection.class)
			.flatMap((type) -> undeclared(type, VirtualConnection.class).stream())
			.distinct()
			.toList();
		assertThat(names).containsExactlyInAnyOrderElementsOf(DEFAULTS.keySet());
	}

	private static List<String> undeclared(Class<?> type, Class<?> implementation) {
		return Arrays.stream(type.getMethods())
			.filter((method) -> !Modifier.isStatic(method.getModifiers()))
			.filter((method) -> !isDeclared(method, implementation))
			.map(ClientInterfaceTests::name)
			.distinct()
			.toList();
	}

	private static boolean isDeclared(Method method, Class<?> implementation) {
		try {
			implementation.getDeclaredMethod(method.getName(), method.getParameterTypes());
			return true;
		}
		catch (NoSuchMethodException ex) {
			return false;
		}
	}

	private static String name(Method method) {
		return method.getName() + Arrays.stream(method.getParameterTypes())
			.map(Class::getSimpleName)
			.toList()
			.toString()
			.replace('[', '(')
			.replace(']', ')');
	}

}
