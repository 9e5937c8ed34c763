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

package dev.failover.listener;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.springframework.amqp.listener.FatalListenerStartupException;
import org.springframework.amqp.rabbit.connection.RabbitUtils;
import org.springframework.amqp.rabbit.listener.ListenerContainerConsumerFailedEvent;
import org.springframework.amqp.rabbit.listener.SimpleMessageListenerContainer;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationEvent;
import org.springframework.context.ApplicationListener;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.scheduling.concurrent.CustomizableThreadFactory;
import org.springframework.util.Assert;

import dev.failover.broker.LateStart;

/**
 * Starts simple containers again that stopped because a queue of the application exists
 * with other arguments. A broker with such a queue does not become active; but a
 * container whose own queue is gone declares all queues again, and stops if another one
 * is different by then, even if {@code mismatchedQueuesFatal} is false. It would not come
 * back when that is mended. If that setting is true, the start tells so, and is not
 * repeated.
 * <p>
 * While a container waits to be started, a thread keeps the JVM running, as the consumers
 * of the container do.
 */
public final class MismatchRecovery implements ApplicationListener<ApplicationEvent>, AutoCloseable {

	static final long RETRY_MILLIS = RenewingBackOff.MAX_MILLIS;

	private static final Log logger = LogFactory.getLog(MismatchRecovery.class);

	private final ApplicationContext context;

	private final Set<SimpleMessageListenerContainer> pending = ConcurrentHashMap.newKeySet();

	private final ScheduledThreadPoolExecutor starter;

	/**
	 * Create a recovery that works until it is closed, or the application context is.
	 * @param context the application context that the containers belong to
	 */
	public MismatchRecovery(ApplicationContext context) {
		Assert.notNull(context, "'context' must not be null");
		this.context = context;
		CustomizableThreadFactory threads = new CustomizableThreadFactory("failover-listener-restart-");
		this.starter = new ScheduledThreadPoolExecutor(1, threads);
		this.starter.setKeepAliveTime(1, TimeUnit.SECONDS);
		this.starter.allowCoreThreadTimeOut(true);
	}

	@Override
	public void onApplicationEvent(ApplicationEvent event) {
		if (event instanceof ListenerContainerConsumerFailedEvent failed) {
			consumerFailed(failed);
		}
		else if (event instanceof ContextClosedEvent own && own.getApplicationContext() == this.context) {
			close();
		}
	}

	private void consumerFailed(ListenerContainerConsumerFailedEvent event) {
		if (event.isFatal() && event.getSource() instanceof SimpleMessageListenerContainer container
				&& event.getThrowable() instanceof Exception failure && RabbitUtils.isMismatchedQueueArgs(failure)) {
			schedule(container);
		}
	}

	private void schedule(SimpleMessageListenerContainer container) {
		if (this.pending.add(container)) {
			try {
				this.starter.schedule(() -> restart(container), RETRY_MILLIS, TimeUnit.MILLISECONDS);
			}
			catch (RejectedExecutionException ex) {
				logger.debug("Closed, %s stays stopped".formatted(container));
			}
			catch (Throwable ex) {
				logger.error("Started again with delay: " + container, ex);
				LateStart.of(this.starter);
			}
		}
	}

	private void restart(SimpleMessageListenerContainer container) {
		this.pending.remove(container);
		if (container.isRunning()) {
			return;
		}
		try {
			container.start();
			logger.info("Started again: " + container);
		}
		catch (FatalListenerStartupException ex) {
			logger.error("Stays stopped, as the application wants it in such a case: " + container, ex);
		}
		catch (RuntimeException | Error ex) {
			logger.warn("Cannot be started yet: %s: %s".formatted(container, ex));
			logger.debug("Failure of the start", ex);
			schedule(container);
		}
	}

	@Override
	public void close() {
		this.starter.shutdownNow();
	}

}
