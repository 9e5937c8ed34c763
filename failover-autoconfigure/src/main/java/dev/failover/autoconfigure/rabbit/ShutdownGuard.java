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

import dev.failover.connection.FailoverConnectionFactory;

/**
 * Bounds how long the end of the application context can be held up by brokers that do
 * not answer: when most of the time is over, all sockets are closed, which ends every
 * wait for a broker.
 */
final class ShutdownGuard implements ApplicationListener<ContextClosedEvent>, ApplicationContextAware {

	private static final Log logger = LogFactory.getLog(ShutdownGuard.class);

	/**
	 * What is left of the time is for those who were held up.
	 */
	private static final double PATIENCE = 0.7;

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
			this.executor.schedule(this::end, (long) (PATIENCE * this.timeout.toMillis()), TimeUnit.MILLISECONDS);
		}
	}

	private void end() {
		logger.warn("The application context does not end, all connections to brokers are closed");
		this.connectionFactory.close();
	}

}
