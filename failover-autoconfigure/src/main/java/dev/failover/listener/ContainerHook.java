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

import java.util.function.Consumer;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.rabbit.config.AbstractRabbitListenerContainerFactory;
import org.springframework.amqp.rabbit.config.ContainerCustomizer;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;

/**
 * Sees every container that a factory creates, before the user's
 * {@link ContainerCustomizer} of that factory does.
 */
final class ContainerHook {

	private static final String CUSTOMIZER = "containerCustomizer";

	private static final Log logger = LogFactory.getLog(ContainerHook.class);

	private ContainerHook() {
	}

	static <C extends AbstractMessageListenerContainer> void add(AbstractRabbitListenerContainerFactory<C> factory,
			Consumer<AbstractMessageListenerContainer> hook) {
		add(factory, CUSTOMIZER, hook);
	}

	/**
	 * Add a hook, unless the user's customizer would be lost by it.
	 */
	@SuppressWarnings("unchecked")
	static <C extends AbstractMessageListenerContainer> void add(AbstractRabbitListenerContainerFactory<C> factory,
			String customizer, Consumer<AbstractMessageListenerContainer> hook) {
		if (!Settings.exists(factory, customizer)) {
			logger.warn(("Listener containers are not tuned with this version of Spring AMQP, and may be slow to leave "
					+ "a broker, or stop: %s has no setting '%s'")
				.formatted(factory.getClass().getName(), customizer));
			return;
		}
		@Nullable ContainerCustomizer<C> users = (ContainerCustomizer<C>) Settings.read(factory, customizer);
		factory.setContainerCustomizer((container) -> {
			hook.accept(container);
			if (users != null) {
				users.configure(container);
			}
		});
	}

}
