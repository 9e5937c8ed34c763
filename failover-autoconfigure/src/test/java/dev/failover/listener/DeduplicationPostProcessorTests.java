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

import com.rabbitmq.client.Channel;
import org.aopalliance.intercept.MethodInterceptor;
import org.aopalliance.intercept.MethodInvocation;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.core.AcknowledgeMode;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageBuilder;
import org.springframework.amqp.core.MessageListener;
import org.springframework.amqp.rabbit.config.SimpleRabbitListenerContainerFactory;
import org.springframework.amqp.rabbit.listener.SimpleMessageListenerContainer;
import org.springframework.beans.factory.support.StaticListableBeanFactory;

import dev.failover.spring.HiddenSetting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.BDDMockito.given;
import static org.mockito.Mockito.mock;

/**
 * Tests for {@link DeduplicationPostProcessor}, with containers whose listener is not
 * known yet when they are created.
 */
class DeduplicationPostProcessorTests {

	private final HandledMessages everything = mock();

	private final SimpleMessageListenerContainer container = container();

	@Test
	void listenerThatIsSetLaterIsPassedIfItRepliesLater() throws Throwable {
		this.container.setMessageListener(new RepliesLater());
		assertThat(pass()).isTrue();
	}

	@Test
	void messagesPassIfTheAcknowledgementIsSetToManualLater() throws Throwable {
		this.container.setMessageListener((message) -> {
		});
		assertThat(pass()).isFalse();
		this.container.setAcknowledgeMode(AcknowledgeMode.MANUAL);
		assertThat(pass()).isTrue();
	}

	/**
	 * Return whether a message is handled that was handled already.
	 */
	private boolean pass() throws Throwable {
		given(this.everything.contains("orders", "1")).willReturn(true);
		Message message = MessageBuilder.withBody(new byte[0]).setMessageId("1").build();
		message.getMessageProperties().setConsumerQueue("orders");
		MethodInvocation invocation = mock();
		given(invocation.getArguments()).willReturn(new Object[] { mock(Channel.class), message });
		given(invocation.proceed()).willReturn("handled");
		Object[] chain = (Object[]) HiddenSetting.ADVICE_CHAIN.of(this.container);
		assertThat(chain).hasSize(1);
		return "handled".equals(((MethodInterceptor) chain[0]).invoke(invocation));
	}

	private SimpleMessageListenerContainer container() {
		SimpleRabbitListenerContainerFactory factory = new SimpleRabbitListenerContainerFactory();
		factory.setConnectionFactory(mock());
		StaticListableBeanFactory beans = new StaticListableBeanFactory();
		beans.addBean("interceptor", new DeduplicationInterceptor(this.everything, true));
		new DeduplicationPostProcessor(beans.getBeanProvider(DeduplicationInterceptor.class))
			.postProcessAfterInitialization(factory, "factory");
		return factory.createListenerContainer();
	}

	private static final class RepliesLater implements MessageListener {

		@Override
		public void onMessage(Message message) {
			throw new IllegalStateException("not called");
		}

		@Override
		public boolean isAsyncReplies() {
			return true;
		}

	}

}
