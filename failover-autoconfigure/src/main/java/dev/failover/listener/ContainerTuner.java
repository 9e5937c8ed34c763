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

import java.util.function.Predicate;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.springframework.amqp.rabbit.connection.AbstractConnectionFactory;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.DirectMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.SimpleMessageListenerContainer;
import org.springframework.util.backoff.FixedBackOff;

import dev.failover.connection.FailoverConnectionFactory;

/**
 * Tunes containers to notice a lost connection at once, and never to give up. What is not
 * at Spring's default any more is left alone.
 */
final class ContainerTuner {

	private static final Log logger = LogFactory.getLog(ContainerTuner.class);

	/**
	 * How long a consumer of a simple container waits for a message until it looks
	 * whether its connection is still there. Nothing wakes it.
	 */
	static final long RECEIVE_MILLIS = 30;

	/**
	 * How often a direct container that is not told looks whether its connection is still
	 * there.
	 */
	static final long MONITOR_MILLIS = 100;

	/**
	 * How long to wait until something that failed on a working broker is tried again.
	 */
	static final long RETRY_MILLIS = RenewingBackOff.MAX_MILLIS;

	/**
	 * Spring's default.
	 */
	private static final int IDLE_TRIGGER = 10;

	private final DirectContainerPacer pacer;

	ContainerTuner(DirectContainerPacer pacer) {
		this.pacer = pacer;
	}

	/**
	 * Tune a container.
	 * @param isSet whether the user has set a setting, by its name
	 */
	void tune(AbstractMessageListenerContainer container, Predicate<String> isSet) {
		if (!failsOver(container.getConnectionFactory())) {
			return;
		}
		try {
			tuneRecovery(container, isSet);
			if (container instanceof SimpleMessageListenerContainer simple) {
				tuneSimple(simple, isSet);
			}
			else if (container instanceof DirectMessageListenerContainer direct) {
				tuneDirect(direct, isSet);
			}
		}
		catch (IllegalArgumentException ex) {
			logger.warn("Listener container is tuned in part only with this version of Spring AMQP, and may be slow to "
					+ "leave a broker, or stop: %s: %s".formatted(container, ex.getMessage()));
		}
	}

	/**
	 * Containers of another connection factory are none of our business; one that hides
	 * its native factory is taken for ours.
	 */
	private static boolean failsOver(ConnectionFactory connectionFactory) {
		return !(connectionFactory instanceof AbstractConnectionFactory known)
				|| known.getRabbitConnectionFactory() instanceof FailoverConnectionFactory;
	}

	private void tuneRecovery(AbstractMessageListenerContainer container, Predicate<String> isSet) {
		if (!isSet.test("recoveryBackOff") && hasDefaultBackOff(container)) {
			container.setRecoveryBackOff(new RenewingBackOff());
		}
		if (Settings.is(container, "possibleAuthenticationFailureFatalSet", false)) {
			container.setPossibleAuthenticationFailureFatal(false);
		}
		if (!isSet.test("missingQueuesFatal") && Settings.is(container, "missingQueuesFatalSet", false)) {
			container.setMissingQueuesFatal(false);
		}
	}

	private static boolean hasDefaultBackOff(AbstractMessageListenerContainer container) {
		return Settings.read(container, "recoveryBackOff") instanceof FixedBackOff fixed
				&& fixed.getInterval() == AbstractMessageListenerContainer.DEFAULT_RECOVERY_INTERVAL
				&& fixed.getMaxAttempts() == FixedBackOff.UNLIMITED_ATTEMPTS;
	}

	private void tuneSimple(SimpleMessageListenerContainer container, Predicate<String> isSet) {
		if (!isSet.test("receiveTimeout")
				&& Settings.is(container, "receiveTimeout", SimpleMessageListenerContainer.DEFAULT_RECEIVE_TIMEOUT)
				&& pollIsCheap(container)) {
			container.setReceiveTimeout(RECEIVE_MILLIS);
			keepIdleTime(container, isSet);
		}
		if (Settings.is(container, "declarationRetries", null)) {
			// whoever starts a container waits for them, and so do all that start after
			// it
			container.setDeclarationRetries(0);
		}
		if (Settings.is(container, "retryDeclarationInterval", null)) {
			container.setRetryDeclarationInterval(RETRY_MILLIS);
		}
		if (hasDefaultDeclarationInterval(container, isSet)) {
			container.setFailedDeclarationRetryInterval(RETRY_MILLIS);
		}
	}

	/**
	 * What makes a consumer end that is not needed any more is how often it has waited in
	 * vain.
	 */
	private static void keepIdleTime(SimpleMessageListenerContainer container, Predicate<String> isSet) {
		if (!isSet.test("consecutiveIdleTrigger") && Settings.is(container, "consecutiveIdleTrigger", IDLE_TRIGGER)) {
			container.setConsecutiveIdleTrigger(
					(int) (IDLE_TRIGGER * SimpleMessageListenerContainer.DEFAULT_RECEIVE_TIMEOUT / RECEIVE_MILLIS));
		}
	}

	/**
	 * The time-out also ends a batch, and each poll is a transaction of its own.
	 */
	private static boolean pollIsCheap(SimpleMessageListenerContainer container) {
		return !container.isConsumerBatchEnabled() && Settings.is(container, "transactionManager", null);
	}

	private void tuneDirect(DirectMessageListenerContainer container, Predicate<String> isSet) {
		if (!isSet.test("monitorInterval") && Settings.is(container, "monitorInterval", 10_000L)) {
			container.setMonitorInterval(MONITOR_MILLIS);
		}
		if (hasDefaultDeclarationInterval(container, isSet)) {
			this.pacer.add(container);
			if (Settings.is(container, "taskSchedulerSet", false)) {
				this.pacer.wake(container);
			}
		}
	}

	private static boolean hasDefaultDeclarationInterval(AbstractMessageListenerContainer container,
			Predicate<String> isSet) {
		return !isSet.test("failedDeclarationRetryInterval")
				&& Settings.is(container, "failedDeclarationRetryInterval", 5000L);
	}

}
