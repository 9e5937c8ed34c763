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

import java.util.List;

import io.micrometer.context.ContextRegistry;
import io.micrometer.context.ContextSnapshot;
import io.micrometer.context.ContextSnapshotFactory;
import io.micrometer.context.ThreadLocalAccessor;
import org.jspecify.annotations.Nullable;

/**
 * Captures what Micrometer's context propagation knows of: the current observation, and
 * whatever else has a {@link ThreadLocalAccessor}. To be used only if that library is on
 * the class path.
 */
final class MicrometerContext {

	private final List<ThreadLocalAccessor<?>> accessors = ContextRegistry.getInstance().getThreadLocalAccessors();

	private final ContextSnapshotFactory snapshots = ContextSnapshotFactory.builder().build();

	/**
	 * Capture what the calling thread carries.
	 * @return the context, or {@code null} if the thread carries nothing: then nothing is
	 * made
	 */
	@Nullable ThreadContext capture() {
		for (int i = 0; i < this.accessors.size(); i++) {
			if (this.accessors.get(i).getValue() != null) {
				ContextSnapshot snapshot = this.snapshots.captureAll();
				return () -> {
					ContextSnapshot.Scope scope = snapshot.setThreadLocals();
					return scope::close;
				};
			}
		}
		return null;
	}

}
