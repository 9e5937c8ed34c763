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

package dev.failover.ensure;

import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;

import com.rabbitmq.client.Channel;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import dev.failover.broker.Broker;
import dev.failover.broker.Reconnector;

/**
 * Calls the hooks of a policy.
 */
final class EnsureHooks {

	private static final Log logger = LogFactory.getLog(Ensurer.class);

	private final List<EnsureListener> listeners;

	private final Reconnector reconnector;

	EnsureHooks(List<EnsureListener> listeners, Reconnector reconnector) {
		this.listeners = listeners;
		this.reconnector = reconnector;
	}

	/**
	 * Tell of a failure: of each broker that failed in a pass, or of the one that was
	 * active.
	 */
	void onFailure(EnsureStep step, @Nullable Broker active) {
		if (this.listeners.isEmpty()) {
			return;
		}
		Duration interval = Duration.ofNanos(step.nanos());
		Broker next = step.next() ? this.reconnector.getNext() : active;
		if (step.pass() == null || step.pass().getFailures().isEmpty()) {
			each((listener) -> listener.onFailure(step.failure(), active, next, interval));
			return;
		}
		Iterator<Broker> failed = step.pass().getFailures().keySet().iterator();
		Broker broker = failed.next();
		while (failed.hasNext()) {
			Broker tried = broker;
			Broker following = failed.next();
			each((listener) -> listener.onFailure(step.failure(), tried, following, Duration.ZERO));
			broker = following;
		}
		Broker last = broker;
		each((listener) -> listener.onFailure(step.failure(), last, next, interval));
	}

	void onRevive(@Nullable Channel channel) {
		each((listener) -> listener.onRevive(channel));
	}

	private void each(Consumer<EnsureListener> call) {
		for (EnsureListener listener : this.listeners) {
			try {
				call.accept(listener);
			}
			catch (Throwable ex) {
				logger.error("Hook %s failed".formatted(listener), ex);
			}
		}
	}

}
