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
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.springframework.amqp.AmqpException;
import org.springframework.amqp.rabbit.core.RabbitAdmin;
import org.springframework.scheduling.concurrent.CustomizableThreadFactory;

import dev.failover.broker.LateStart;

/**
 * Declares exclusive queues that the broker still counts to the connection that was lost.
 * It does so until it has missed that connection's heartbeats, or another node of its
 * cluster has.
 */
final class LockedQueues implements AutoCloseable {

	private static final Log logger = LogFactory.getLog(LockedQueues.class);

	private static final long RETRY_MILLIS = 250;

	private static final Duration PATIENCE = Duration.ofMinutes(2);

	private final Set<RabbitAdmin> waiting = ConcurrentHashMap.newKeySet();

	private final ScheduledThreadPoolExecutor executor;

	LockedQueues() {
		CustomizableThreadFactory threads = new CustomizableThreadFactory("failover-topology-");
		threads.setDaemon(true);
		this.executor = new ScheduledThreadPoolExecutor(1, threads);
		this.executor.setKeepAliveTime(1, TimeUnit.SECONDS);
		this.executor.allowCoreThreadTimeOut(true);
	}

	/**
	 * Let an admin declare again and again until no queue is locked any more.
	 * @param task what declares
	 */
	void declareLater(RabbitAdmin admin, Task task) {
		if (this.waiting.add(admin)) {
			logger.info("An exclusive queue still belongs to the connection that was lost, and is declared again");
			schedule(admin, task, System.nanoTime() + PATIENCE.toNanos());
		}
	}

	private void schedule(RabbitAdmin admin, Task task, long deadline) {
		try {
			this.executor.schedule(() -> declare(admin, task, deadline), RETRY_MILLIS, TimeUnit.MILLISECONDS);
		}
		catch (RejectedExecutionException ex) {
			this.waiting.remove(admin);
		}
		catch (Throwable ex) {
			logger.error("An exclusive queue is declared again with delay", ex);
			LateStart.of(this.executor);
		}
	}

	private void declare(RabbitAdmin admin, Task task, long deadline) {
		try {
			task.declare();
			logger.info("All exclusive queues are declared");
		}
		catch (AmqpException | IOException ex) {
			if (TopologyException.isLocked(ex) && System.nanoTime() < deadline) {
				schedule(admin, task, deadline);
				return;
			}
			logger.warn("An exclusive queue cannot be declared: " + ex.getMessage());
		}
		catch (Error ex) {
			if (System.nanoTime() < deadline) {
				logger.debug("An exclusive queue cannot be declared yet", ex);
				schedule(admin, task, deadline);
				return;
			}
			logger.error("An exclusive queue cannot be declared", ex);
		}
		catch (Throwable ex) {
			logger.warn("The topology cannot be declared", ex);
		}
		this.waiting.remove(admin);
	}

	@Override
	public void close() {
		this.executor.shutdownNow();
	}

	/**
	 * Declares what an admin declares.
	 */
	@FunctionalInterface
	interface Task {

		void declare() throws IOException;

	}

}
