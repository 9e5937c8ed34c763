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

import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.util.ClassUtils;

import dev.failover.template.ThreadContext.Restored;

/**
 * Captures what the thread of a sender carries, and restores it. What fails at that does
 * no harm to the message.
 */
final class ThreadContexts {

	private static final Log logger = LogFactory.getLog(ThreadContexts.class);

	private static final Restored NOTHING = () -> {
	};

	private static final @Nullable AgentContext AGENT = AgentContext.find();

	private static final @Nullable MicrometerContext MICROMETER = ClassUtils
		.isPresent("io.micrometer.context.ContextSnapshotFactory", ThreadContexts.class.getClassLoader())
				? new MicrometerContext() : null;

	private ThreadContexts() {
	}

	/**
	 * Capture what the calling thread carries.
	 * @param registry the registry, which may be one that does nothing
	 * @return the context, or {@code null} if the thread carries nothing
	 */
	static @Nullable ThreadContext capture(ObservationRegistry registry) {
		try {
			return of((AGENT != null) ? AGENT.capture() : null,
					(MICROMETER != null) ? MICROMETER.capture() : currentObservation(registry));
		}
		catch (RuntimeException | LinkageError ex) {
			logger.debug("What the thread of a sender carries cannot be captured", ex);
			return null;
		}
	}

	private static @Nullable ThreadContext currentObservation(ObservationRegistry registry) {
		Observation current = registry.isNoop() ? null : registry.getCurrentObservation();
		return (current != null) ? of(current) : null;
	}

	/**
	 * Return the context in which an observation is the current one.
	 */
	static ThreadContext of(Observation observation) {
		return () -> {
			Observation.Scope scope = observation.openScope();
			return scope::close;
		};
	}

	/**
	 * Return two contexts as one.
	 */
	static @Nullable ThreadContext of(@Nullable ThreadContext outer, @Nullable ThreadContext inner) {
		if (outer == null || inner == null) {
			return (outer != null) ? outer : inner;
		}
		return () -> {
			Restored first = restore(outer);
			Restored second = restore(inner);
			return () -> {
				second.close();
				first.close();
			};
		};
	}

	/**
	 * Have the calling thread carry a context.
	 * @param context the context, or {@code null} for no change
	 */
	static Restored restore(@Nullable ThreadContext context) {
		if (context == null) {
			return NOTHING;
		}
		try {
			Restored restored = context.restore();
			return () -> close(restored);
		}
		catch (RuntimeException | LinkageError ex) {
			logger.debug("What the thread of a sender carried cannot be restored", ex);
			return NOTHING;
		}
	}

	private static void close(Restored restored) {
		try {
			restored.close();
		}
		catch (RuntimeException | LinkageError ex) {
			logger.debug("What the thread of a sender carried cannot be taken away", ex);
		}
	}

}
