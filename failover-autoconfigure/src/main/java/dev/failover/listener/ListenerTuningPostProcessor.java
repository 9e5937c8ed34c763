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

import java.util.Properties;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.rabbit.config.AbstractRabbitListenerContainerFactory;
import org.springframework.amqp.rabbit.config.ContainerCustomizer;
import org.springframework.amqp.rabbit.connection.AbstractConnectionFactory;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.SimpleMessageListenerContainer;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.util.backoff.FixedBackOff;

import dev.failover.connection.FailoverConnectionFactory;
import dev.failover.spring.HiddenSetting;

/**
 * Has listener containers go on trying, soon, where they find no broker, login or queue
 * when they begin to consume. What the application has set is heeded, and how long a
 * consumer waits for a message is left alone. Tuned are the containers of the connection
 * factory that fails over, if they or their factory are beans; the global properties of
 * Spring AMQP hold for all others of the application, too.
 */
public final class ListenerTuningPostProcessor implements BeanPostProcessor {

	/**
	 * The name of the bean with Spring's defaults for all containers, which are those
	 * that have not been set.
	 */
	public static final String GLOBAL_PROPERTIES = "spring.amqp.global.properties";

	private static final Log logger = LogFactory.getLog(ListenerTuningPostProcessor.class);

	private static final String AUTHENTICATION_FATAL = "mlc.possible.authentication.failure.fatal";

	private static final String MISSING_FATAL = "mlc.missing.queues.fatal";

	private static final String OLD_MISSING_FATAL = "smlc.missing.queues.fatal";

	@Override
	public @Nullable Object postProcessAfterInitialization(Object bean, String beanName) {
		if (bean instanceof AbstractRabbitListenerContainerFactory<?> factory) {
			tuneContainers(factory);
		}
		else if (bean instanceof AbstractMessageListenerContainer container) {
			if (hasDefaultBackOff(container)) {
				tuneBackOff(container);
			}
			if (container instanceof SimpleMessageListenerContainer simple && hasDefaultDeclarations(simple)) {
				tuneStart(simple);
			}
		}
		else if (bean instanceof Properties properties && GLOBAL_PROPERTIES.equals(beanName)) {
			addDefaults(properties);
		}
		return bean;
	}

	private static void addDefaults(Properties properties) {
		properties.putIfAbsent(AUTHENTICATION_FATAL, "false");
		if (!properties.containsKey(OLD_MISSING_FATAL)) {
			properties.putIfAbsent(MISSING_FATAL, "false");
		}
	}

	/**
	 * The application's own customizer comes later, and so has the last word.
	 */
	@SuppressWarnings("unchecked")
	private static <C extends AbstractMessageListenerContainer> void tuneContainers(
			AbstractRabbitListenerContainerFactory<C> factory) {
		if (!HiddenSetting.CONTAINER_CUSTOMIZER.isKnownOf(factory)) {
			logger.warn(("Listener containers are not tuned with this version of Spring AMQP, and may be slow to "
					+ "consume, or block the start: %s has no customizer")
				.formatted(factory.getClass().getName()));
			return;
		}
		@Nullable ContainerCustomizer<C> users = (ContainerCustomizer<C>) HiddenSetting.CONTAINER_CUSTOMIZER.of(factory);
		factory.setContainerCustomizer((container) -> {
			if (hasNoBackOff(factory)) {
				tuneBackOff(container);
			}
			if (container instanceof SimpleMessageListenerContainer simple) {
				tuneStart(simple);
				tuneMissing(simple);
			}
			if (users != null) {
				users.configure(container);
			}
		});
	}

	private static boolean hasNoBackOff(AbstractRabbitListenerContainerFactory<?> factory) {
		return HiddenSetting.RECOVERY_BACK_OFF.isKnownOf(factory)
				&& HiddenSetting.RECOVERY_BACK_OFF.of(factory) == null;
	}

	private static boolean hasDefaultBackOff(AbstractMessageListenerContainer container) {
		return HiddenSetting.RECOVERY_BACK_OFF.isKnownOf(container)
				&& HiddenSetting.RECOVERY_BACK_OFF.of(container) instanceof FixedBackOff fixed
				&& fixed.getInterval() == AbstractMessageListenerContainer.DEFAULT_RECOVERY_INTERVAL
				&& fixed.getMaxAttempts() == FixedBackOff.UNLIMITED_ATTEMPTS;
	}

	private static boolean hasDefaultDeclarations(SimpleMessageListenerContainer container) {
		return HiddenSetting.DECLARATION_RETRIES.isKnownOf(container)
				&& HiddenSetting.DECLARATION_RETRIES.of(container) == null;
	}

	private static void tuneBackOff(AbstractMessageListenerContainer container) {
		if (failsOver(container.getConnectionFactory())) {
			container.setRecoveryBackOff(new RenewingBackOff());
		}
	}

	/**
	 * Whoever starts a container waits for its declarations to be tried again, and so do
	 * all that start after it.
	 */
	private static void tuneStart(SimpleMessageListenerContainer container) {
		if (failsOver(container.getConnectionFactory())) {
			container.setDeclarationRetries(0);
		}
	}

	/**
	 * Only a customizer can set it on the containers of a factory.
	 */
	private static void tuneMissing(SimpleMessageListenerContainer container) {
		if (failsOver(container.getConnectionFactory())) {
			container.setRetryDeclarationInterval(RenewingBackOff.MAX_MILLIS);
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

}
