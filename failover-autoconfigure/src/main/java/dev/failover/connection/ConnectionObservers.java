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

package dev.failover.connection;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

import com.rabbitmq.client.ShutdownSignalException;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import dev.failover.broker.Broker;

/**
 * The observers of all connections.
 */
final class ConnectionObservers {

	private static final Log logger = LogFactory.getLog(ConnectionObservers.class);

	private final List<ConnectionObserver> all = new CopyOnWriteArrayList<>();

	void add(ConnectionObserver observer) {
		this.all.add(observer);
	}

	void ended(ConnectAttempt attempt, @Nullable Throwable failure) {
		if (!this.all.isEmpty()) {
			ConnectOutcome outcome = ConnectOutcome.of(failure);
			each((observer) -> observer.connected(attempt.broker(), outcome, attempt.age()));
		}
	}

	void closed(Broker broker, ShutdownSignalException signal) {
		if (!this.all.isEmpty()) {
			ClosedBy reason = ClosedBy.of(signal);
			each((observer) -> observer.closed(broker, reason));
		}
	}

	private void each(Consumer<ConnectionObserver> call) {
		for (ConnectionObserver observer : this.all) {
			try {
				call.accept(observer);
			}
			catch (Throwable ex) {
				logger.error("Observer %s failed".formatted(observer), ex);
			}
		}
	}

}
