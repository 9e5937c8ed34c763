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

import java.lang.reflect.Method;
import java.util.Objects;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.util.ReflectionUtils;

/**
 * Captures the current context of the OpenTelemetry Java agent, if this JVM has one. It
 * starts a span on the thread that calls {@code basicPublish}, as a child of whatever is
 * current there, and has the message carry that. Its context is not in the class path of
 * the application, but known to the boot class loader.
 */
final class AgentContext {

	private static final String PACKAGE = "io.opentelemetry.javaagent.shaded.io.opentelemetry.context.";

	private static final Log logger = LogFactory.getLog(AgentContext.class);

	private final Method current;

	private final Method makeCurrent;

	private AgentContext(Method current, Method makeCurrent) {
		this.current = current;
		this.makeCurrent = makeCurrent;
	}

	/**
	 * Find the agent.
	 * @return its context, or {@code null} if this JVM has no agent
	 */
	static @Nullable AgentContext find() {
		try {
			Class<?> context = Class.forName(PACKAGE + "Context", false, null);
			return new AgentContext(context.getMethod("current"), context.getMethod("makeCurrent"));
		}
		catch (ClassNotFoundException ex) {
			return null;
		}
		catch (ReflectiveOperationException | LinkageError ex) {
			logger.debug("The context of the OpenTelemetry agent cannot be used", ex);
			return null;
		}
	}

	/**
	 * Capture the current context, also if there is no span in it: the thread that writes
	 * may be in the midst of another one.
	 */
	ThreadContext capture() {
		Object captured = call(this.current, null);
		return () -> {
			AutoCloseable scope = (AutoCloseable) call(this.makeCurrent, captured);
			return () -> close(scope);
		};
	}

	private static Object call(Method method, @Nullable Object target) {
		return Objects.requireNonNull(ReflectionUtils.invokeMethod(method, target));
	}

	private static void close(AutoCloseable scope) {
		try {
			scope.close();
		}
		catch (Exception ex) {
			throw new IllegalStateException("The OpenTelemetry agent failed", ex);
		}
	}

}
