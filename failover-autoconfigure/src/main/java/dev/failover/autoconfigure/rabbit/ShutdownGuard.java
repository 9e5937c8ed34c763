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

package dev.failover.autoconfigure.rabbit;

import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationContextAware;
import org.springframework.context.ApplicationListener;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.scheduling.concurrent.CustomizableThreadFactory;

import dev.failover.broker.LateStart;
import dev.failover.connection.FailoverConnectionFactory;

/**
 * Bounds how long the end of the application context can be held up by brokers: when most
 * of the time is over, connections that do not answer are cut, and if no broker can
 * serve, every wait for one ends. Listeners and requests that take longer go on as long
 * as their broker is there.
 */
final class ShutdownGuard implements ApplicationListener<ContextClosedEvent>, ApplicationContextAware {

	private static final Log logger = LogFactory.getLog(ShutdownGuard.class);

	/**
	 * The share of the time that is over when brokers are asked.
	 */
	private static final double BEGIN = 0.6;

	/**
	 * The share of the time that they may take to answer. What is left is for those who
	 * were held up.
	 */
	private static final double PATIENCE = 0.2;

	private final FailoverConnectionFactory connectionFactory;

	private final Duration timeout;

	private final ScheduledThreadPoolExecutor executor;

	private volatile @Nullable ApplicationContext applicationContext;

	ShutdownGuard(FailoverConnectionFactory connectionFactory, Duration timeout) {
		this.connectionFactory = connectionFactory;
		this.timeout = timeout;
		CustomizableThreadFactory threads = new CustomizableThreadFactory("failover-shutdown-");
		threads.setDaemon(true);
		this.executor = new ScheduledThreadPoolExecutor(1, threads);
		connectionFactory.getBrokerAccess().onClose(this.executor::shutdownNow);
	}

	@Override
	public void setApplicationContext(ApplicationContext applicationContext) {
		this.applicationContext = applicationContext;
	}

	@Override
	public void onApplicationEvent(ContextClosedEvent event) {
		if (event.getApplicationContext() == this.applicationContext && !this.executor.isShutdown()) {
			long patience = share(PATIENCE);
			try {
				this.executor.scheduleWithFixedDelay(() -> check(Duration.ofMillis(patience)), share(BEGIN), patience,
						TimeUnit.MILLISECONDS);
			}
			catch (RejectedExecutionException ex) {
				logger.debug("The connection factory is closed already", ex);
			}
			catch (Throwable ex) {
				logger.error("The end of the application context is guarded with delay", ex);
				LateStart.of(this.executor);
			}
		}
	}

	private long share(double part) {
		return Math.max(1, (long) (part * this.timeout.toMillis()));
	}

	/**
	 * Again and again, as a broker may be lost later.
	 */
	private void check(Duration patience) {
		try {
			if (!this.connectionFactory.releaseOverdue(patience)) {
				logger.warn("The application context does not end, and no broker can serve: "
						+ "whoever waits for one is released");
				this.executor.shutdown();
			}
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
		catch (Throwable ex) {
			logger.error("Brokers could not be asked at the end of the application context", ex);
		}
	}

}
