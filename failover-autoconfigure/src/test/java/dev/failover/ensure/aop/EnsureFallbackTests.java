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

package dev.failover.ensure.aop;

import java.io.IOException;
import java.io.Serializable;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.amqp.AmqpConnectException;
import org.springframework.amqp.AmqpException;
import org.springframework.amqp.AmqpTimeoutException;
import org.springframework.util.ReflectionUtils;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

/**
 * Tests for {@link EnsureFallback}.
 */
class EnsureFallbackTests {

	private static final AmqpException CONNECT = new AmqpConnectException(new IOException());

	@Test
	void closestExceptionDecides() throws Throwable {
		assertThat(call("byFailure", CONNECT)).isEqualTo("connect");
		assertThat(call("byFailure", new AmqpTimeoutException("late"))).isEqualTo("amqp");
		assertThat(call("byFailure", new IOException())).isEqualTo("any");
	}

	@Test
	void methodThatTakesTheExceptionIsPreferredToOneThatDoesNot() throws Throwable {
		assertThat(call("withAndWithout", CONNECT)).isEqualTo("amqp");
		assertThat(call("withAndWithout", new IOException())).isEqualTo("none");
	}

	@Test
	void closestParametersDecide() throws Throwable {
		assertThat(call("byParameters", CONNECT)).isEqualTo("string");
	}

	@Test
	void oneThatIsBetterThanBothSettlesWhatIsAmbiguous() throws Throwable {
		assertThat(call("settled", CONNECT)).isEqualTo("both");
	}

	@Test
	void overloadsForExceptionsThatExcludeEachOtherAreNotAmbiguous() throws Throwable {
		assertThat(call("apart", CONNECT)).isEqualTo("connect");
		assertThat(call("apart", new AmqpTimeoutException("late"))).isEqualTo("timeout");
		assertThat(find("apart").accepts(new IOException())).isFalse();
	}

	@Test
	void methodOfTheSubclassIsNoRivalOfTheOneThatItOverrides() throws Throwable {
		assertThat(find(Special.class, "byParameters").invoke(new Special(), new Object[] { "a" }, CONNECT))
			.isEqualTo("special");
	}

	@ParameterizedTest
	@ValueSource(strings = { "ambiguous", "ambiguousWithout" })
	void ambiguousOverloadsAreRejected(String name) {
		assertThatIllegalStateException().isThrownBy(() -> find(name))
			.withMessageContaining("the fallback method is ambiguous: both")
			.withMessageContaining(name + "(CharSequence")
			.withMessageContaining(name + "(Serializable");
	}

	@Test
	void overloadWithOtherParametersIsNone() {
		assertThatIllegalStateException().isThrownBy(() -> find("other")).withMessageContaining("was not found");
	}

	private static Object call(String name, Throwable failure) throws Throwable {
		return find(name).invoke(new Fallbacks(), new Object[] { "a" }, failure);
	}

	private static EnsureFallback find(String name) {
		return find(Fallbacks.class, name);
	}

	private static EnsureFallback find(Class<?> type, String name) {
		return EnsureFallback.find(ReflectionUtils.findMethod(Fallbacks.class, "call", String.class), type, name);
	}

	static class Fallbacks {

		String call(String argument) {
			return "called";
		}

		String byFailure(String argument, Exception failure) {
			return "any";
		}

		String byFailure(String argument, AmqpConnectException failure) {
			return "connect";
		}

		String byFailure(String argument, AmqpException failure) {
			return "amqp";
		}

		String withAndWithout(String argument) {
			return "none";
		}

		String withAndWithout(String argument, AmqpException failure) {
			return "amqp";
		}

		String byParameters(Object argument, Throwable failure) {
			return "object";
		}

		String byParameters(String argument, Throwable failure) {
			return "string";
		}

		String byParameters(CharSequence argument, Throwable failure) {
			return "characters";
		}

		String settled(CharSequence argument, Throwable failure) {
			return "characters";
		}

		String settled(Serializable argument, AmqpException failure) {
			return "serializable";
		}

		String settled(String argument, AmqpException failure) {
			return "both";
		}

		String apart(CharSequence argument, AmqpConnectException failure) {
			return "connect";
		}

		String apart(Serializable argument, AmqpTimeoutException failure) {
			return "timeout";
		}

		String ambiguous(CharSequence argument, AmqpException failure) {
			return "characters";
		}

		String ambiguous(Serializable argument, Exception failure) {
			return "serializable";
		}

		String ambiguousWithout(CharSequence argument) {
			return "characters";
		}

		String ambiguousWithout(Serializable argument) {
			return "serializable";
		}

		String other(Integer argument) {
			return "number";
		}

		String other(String argument, String more) {
			return "strings";
		}

	}

	static class Special extends Fallbacks {

		@Override
		String byParameters(String argument, Throwable failure) {
			return "special";
		}

	}

}
