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

import org.jspecify.annotations.Nullable;
import org.springframework.amqp.rabbit.config.AbstractRabbitListenerContainerFactory;
import org.springframework.amqp.rabbit.config.ContainerCustomizer;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.util.Assert;

/**
 * Tunes listener containers so that they move to another broker at once, and never stop
 * for good because of one: those that a factory bean creates, for {@code @RabbitListener}
 * as well as by hand, and those that are beans. What the user has set is not touched, and
 * a {@link ContainerCustomizer} of the factory has the last word.
 */
public final class ListenerTuningPostProcessor implements BeanPostProcessor {

	private final ObjectProvider<DirectContainerPacer> pacer;

	/**
	 * Create a post-processor.
	 * @param pacer the pacer of direct containers, asked for when the first container is
	 * tuned
	 */
	public ListenerTuningPostProcessor(ObjectProvider<DirectContainerPacer> pacer) {
		Assert.notNull(pacer, "'pacer' must not be null");
		this.pacer = pacer;
	}

	@Override
	public @Nullable Object postProcessAfterInitialization(Object bean, String beanName) {
		if (bean instanceof AbstractRabbitListenerContainerFactory<?> factory) {
			ContainerHook.add(factory, (container) -> tune(container, (name) -> isSet(factory, name)));
		}
		else if (bean instanceof AbstractMessageListenerContainer container) {
			tune(container, (name) -> false);
		}
		return bean;
	}

	private static boolean isSet(Object factory, String name) {
		return Settings.exists(factory, name) && !Settings.is(factory, name, null);
	}

	private void tune(AbstractMessageListenerContainer container, Predicate<String> isSet) {
		new ContainerTuner(this.pacer.getObject()).tune(container, isSet);
	}

}
