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

import java.util.concurrent.atomic.AtomicBoolean;

import org.aopalliance.aop.Advice;
import org.aopalliance.intercept.MethodInterceptor;
import org.aopalliance.intercept.MethodInvocation;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.core.AcknowledgeMode;
import org.springframework.amqp.core.MessageListener;
import org.springframework.amqp.rabbit.config.AbstractRabbitListenerContainerFactory;
import org.springframework.amqp.rabbit.config.ContainerCustomizer;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.util.Assert;
import org.springframework.util.ObjectUtils;

import dev.failover.spring.HiddenSetting;

/**
 * Adds a {@link DeduplicationInterceptor} to the containers of each container factory
 * that is a bean, behind their other advice. Containers with manual acknowledgement and
 * those whose listener returns a future are left as they are.
 */
public final class DeduplicationPostProcessor implements BeanPostProcessor {

	private static final Log logger = LogFactory.getLog(DeduplicationPostProcessor.class);

	private final ObjectProvider<DeduplicationInterceptor> interceptor;

	/**
	 * Create a post-processor.
	 * @param interceptor the interceptor, asked for when the first container is created
	 */
	public DeduplicationPostProcessor(ObjectProvider<DeduplicationInterceptor> interceptor) {
		Assert.notNull(interceptor, "'interceptor' must not be null");
		this.interceptor = interceptor;
	}

	@Override
	public Object postProcessAfterInitialization(Object bean, String beanName) {
		if (bean instanceof AbstractRabbitListenerContainerFactory<?> factory) {
			customize(factory);
		}
		return bean;
	}

	@SuppressWarnings("unchecked")
	private <C extends AbstractMessageListenerContainer> void customize(
			AbstractRabbitListenerContainerFactory<C> factory) {
		ContainerCustomizer<C> before = (ContainerCustomizer<C>) HiddenSetting.CONTAINER_CUSTOMIZER.of(factory);
		factory.setContainerCustomizer((container) -> {
			if (before != null) {
				before.configure(container);
			}
			advise(container);
		});
	}

	private void advise(AbstractMessageListenerContainer container) {
		if (isSettledByListener(container)) {
			warn(container);
			return;
		}
		@Nullable Object chain = HiddenSetting.ADVICE_CHAIN.of(container);
		Advice[] advice = (chain instanceof Advice[] existing) ? existing : new Advice[0];
		container.setAdviceChain(
				ObjectUtils.addObjectToArray(advice, new SettledGuard(container, this.interceptor.getObject())));
	}

	/**
	 * Whether nobody but the listener knows when a message is handled: it acknowledges by
	 * hand, or returns a future, for which Spring changes the acknowledgement to manual
	 * when it initializes the container.
	 */
	private static boolean isSettledByListener(AbstractMessageListenerContainer container) {
		MessageListener listener = container.getMessageListener();
		return container.getAcknowledgeMode() == AcknowledgeMode.MANUAL
				|| (listener != null && listener.isAsyncReplies());
	}

	private static void warn(AbstractMessageListenerContainer container) {
		logger.warn("Duplicates are not dropped with manual acknowledgement or asynchronous replies: " + container);
	}

	/**
	 * Looks again when messages come: the listener and the acknowledgement of a container
	 * may be set after it was created.
	 */
	private static final class SettledGuard implements MethodInterceptor {

		private final AbstractMessageListenerContainer container;

		private final DeduplicationInterceptor interceptor;

		private final AtomicBoolean warned = new AtomicBoolean();

		SettledGuard(AbstractMessageListenerContainer container, DeduplicationInterceptor interceptor) {
			this.container = container;
			this.interceptor = interceptor;
		}

		@Override
		public @Nullable Object invoke(MethodInvocation invocation) throws Throwable {
			if (!isSettledByListener(this.container)) {
				return this.interceptor.invoke(invocation);
			}
			if (this.warned.compareAndSet(false, true)) {
				warn(this.container);
			}
			return invocation.proceed();
		}

	}

}
