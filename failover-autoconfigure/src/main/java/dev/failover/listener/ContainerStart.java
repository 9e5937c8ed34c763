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

import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;

import org.jspecify.annotations.Nullable;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.SimpleMessageListenerContainer;
import org.springframework.util.Assert;

/**
 * Begins with other consumers of a container whose consumers were ended, unless the
 * application has stopped it meanwhile, or started it again.
 * <p>
 * Spring's own lock keeps it from doing so unnoticed while that is found out. It is held
 * until the first consumer is to begin, and no longer: consumers need it to begin.
 */
final class ContainerStart {

	/**
	 * How long a consumer may take to begin. If the threads of the container are busy,
	 * they get no further until the begin of all is over.
	 */
	private static final long START_MILLIS = 1000;

	private static final String STOPPED = "hasStopped";

	private static final String EXECUTOR = "taskExecutor";

	private final ReentrantLock lock;

	private ContainerStart(ReentrantLock lock) {
		this.lock = lock;
	}

	static void begin(AbstractMessageListenerContainer container) {
		ReentrantLock known = (Settings.exists(container, "lifecycleLock")
				&& Settings.read(container, "lifecycleLock") instanceof ReentrantLock lock) ? lock
						: new ReentrantLock();
		new ContainerStart(known).run(container);
	}

	private void run(AbstractMessageListenerContainer container) {
		this.lock.lock();
		try {
			if (!container.isActive() || !hasEnded(container)) {
				return;
			}
			if (container instanceof SimpleMessageListenerContainer simple) {
				start(simple);
			}
			else {
				ContainerConsumers.invoke(container, "doStart");
			}
		}
		finally {
			release();
		}
	}

	private static boolean hasEnded(AbstractMessageListenerContainer container) {
		if (container instanceof SimpleMessageListenerContainer simple) {
			return Settings.is(simple, "consumers", null);
		}
		return !Settings.exists(container, STOPPED) || Settings.is(container, STOPPED, true);
	}

	private void start(SimpleMessageListenerContainer container) {
		long timeout = (Settings.read(container, "consumerStartTimeout") instanceof Long millis) ? millis
				: START_MILLIS;
		Object executor = Settings.read(container, EXECUTOR);
		Assert.state(executor instanceof Executor, "A container has an executor");
		container.setConsumerStartTimeout(Math.min(timeout, START_MILLIS));
		container.setTaskExecutor(new Handover((Executor) executor));
		try {
			ContainerConsumers.invoke(container, "doStart");
		}
		finally {
			container.setTaskExecutor((Executor) executor);
			container.setConsumerStartTimeout(timeout);
		}
	}

	private void release() {
		if (this.lock.isHeldByCurrentThread()) {
			this.lock.unlock();
		}
	}

	/**
	 * Return whether an executor is in place only while a container starts.
	 */
	static boolean isOnlyForStart(@Nullable Object executor) {
		return executor instanceof Handover;
	}

	/**
	 * What a container runs its consumers with, after it has noted that it is running.
	 */
	private final class Handover implements Executor {

		private final Executor executor;

		Handover(Executor executor) {
			this.executor = executor;
		}

		@Override
		public void execute(Runnable consumer) {
			release();
			this.executor.execute(consumer);
		}

	}

}
