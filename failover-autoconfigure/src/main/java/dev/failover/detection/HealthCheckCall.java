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

package dev.failover.detection;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerHealth;

/**
 * Calls one health check for one broker, within a time-out, and not again before it has
 * returned.
 */
final class HealthCheckCall {

	private static final Log logger = LogFactory.getLog(BrokerHealthChecks.class);

	private final String name;

	private final BrokerHealthCheck check;

	private final Duration timeout;

	private final DetectionScheduler scheduler;

	private final AtomicBoolean running = new AtomicBoolean();

	HealthCheckCall(String name, BrokerHealthCheck check, Duration timeout, DetectionScheduler scheduler) {
		this.name = name;
		this.check = check;
		this.timeout = timeout;
		this.scheduler = scheduler;
	}

	/**
	 * Whether the check has anything to say about a broker. One that fails to say so is
	 * called, and has to fail again.
	 */
	boolean appliesTo(Broker broker) {
		try {
			return this.check.appliesTo(broker);
		}
		catch (Throwable ex) {
			logger.debug("Health check '%s' does not tell whether it applies to %s".formatted(this.name, broker), ex);
			return true;
		}
	}

	/**
	 * Call the check.
	 * @return completes with its result within the time-out, or with {@code null} if
	 * there is none because of a lack of memory or threads
	 */
	CompletableFuture<@Nullable BrokerHealth> call(Broker broker) {
		if (!this.running.compareAndSet(false, true)) {
			return CompletableFuture.completedFuture(BrokerHealth
				.unhealthy("health check '%s' has been called before, and not returned yet".formatted(this.name)));
		}
		CompletableFuture<@Nullable BrokerHealth> result = new CompletableFuture<>();
		FutureTask<?> task = new FutureTask<>(() -> result.complete(check(broker)), null);
		if (!isBegun(task)) {
			return CompletableFuture.completedFuture(null);
		}
		Future<?> deadline = this.scheduler.later(this.timeout, () -> {
			result.complete(BrokerHealth.unhealthy(
					"health check '%s' did not return within %d ms".formatted(this.name, this.timeout.toMillis())));
			task.cancel(true);
		});
		result.whenComplete((health, failure) -> deadline.cancel(false));
		return result;
	}

	private boolean isBegun(Runnable task) {
		boolean begun = false;
		try {
			begun = this.scheduler.work(() -> {
				try {
					task.run();
				}
				finally {
					this.running.set(false);
				}
			});
			return begun;
		}
		finally {
			if (!begun) {
				this.running.set(false);
			}
		}
	}

	private @Nullable BrokerHealth check(Broker broker) {
		try {
			BrokerHealth health = this.check.check(broker);
			return (health != null) ? health
					: BrokerHealth.unhealthy("health check '%s' returned null".formatted(this.name));
		}
		catch (VirtualMachineError ex) {
			logger.error("Health check '%s' of %s failed for a lack of resources".formatted(this.name, broker), ex);
			return null;
		}
		catch (Throwable ex) {
			logger.debug("Health check '%s' of %s failed".formatted(this.name, broker), ex);
			return BrokerHealth.unhealthy("health check '%s' failed: %s".formatted(this.name, ex));
		}
	}

}
