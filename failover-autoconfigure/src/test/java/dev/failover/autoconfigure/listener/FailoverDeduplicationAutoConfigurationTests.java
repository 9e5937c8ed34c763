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

package dev.failover.autoconfigure.listener;

import java.util.List;
import java.util.concurrent.CompletableFuture;

import com.github.benmanes.caffeine.cache.Caffeine;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.core.AcknowledgeMode;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.RabbitListenerEndpointRegistry;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Configuration;
import org.springframework.test.util.ReflectionTestUtils;

import dev.failover.autoconfigure.InvalidFailoverPropertyException;
import dev.failover.listener.CaffeineHandledMessages;
import dev.failover.listener.DeduplicationInterceptor;
import dev.failover.listener.HandledMessages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.Mockito.mock;

/**
 * Tests for {@link FailoverDeduplicationAutoConfiguration}.
 */
class FailoverDeduplicationAutoConfigurationTests {

	private final ApplicationContextRunner runner = new ApplicationContextRunner()
		.withUserConfiguration(Application.class)
		.withPropertyValues("spring.rabbitmq.listener.simple.auto-startup=false");

	private final ApplicationContextRunner enabled = this.runner
		.withPropertyValues("failover.listener.deduplication.enabled=true");

	@Test
	void offByDefault() {
		this.runner.run((context) -> assertThat(context).hasNotFailed()
			.doesNotHaveBean(DeduplicationInterceptor.class)
			.doesNotHaveBean(HandledMessages.class));
	}

	@Test
	void isTheLastAdviceOfContainersThatAcknowledgeWhenTheListenerHasReturned() {
		this.enabled.withPropertyValues("spring.rabbitmq.listener.simple.retry.enabled=true").run((context) -> {
			assertThat(context).hasSingleBean(CaffeineHandledMessages.class);
			RabbitListenerEndpointRegistry registry = context.getBean(RabbitListenerEndpointRegistry.class);
			assertThat(adviceOf(registry, "automatic")).hasSize(2)
				.last()
				.extracting("interceptor")
				.isSameAs(context.getBean(DeduplicationInterceptor.class));
			assertThat(adviceOf(registry, "manual")).hasSize(1);
			assertThat(adviceOf(registry, "future")).hasSize(1);
		});
	}

	@Test
	void backsOffForTheUsersOwnMemory() {
		HandledMessages own = mock();
		this.enabled.withBean(HandledMessages.class, () -> own)
			.withClassLoader(new FilteredClassLoader(Caffeine.class))
			.run((context) -> assertThat(context).getBean(HandledMessages.class).isSameAs(own));
	}

	@Test
	void failsWithoutMemory() {
		this.enabled.withClassLoader(new FilteredClassLoader(Caffeine.class))
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.isInstanceOfSatisfying(InvalidFailoverPropertyException.class,
						(failure) -> assertThat(failure.getAction()).contains("caffeine", "HandledMessages")));
	}

	@Test
	void failsWithAnEmptyMemory() {
		this.enabled.withPropertyValues("failover.listener.deduplication.max-size=0")
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.hasMessageContaining("failover.listener.deduplication.max-size"));
	}

	private static List<Object> adviceOf(RabbitListenerEndpointRegistry registry, String id) {
		return List.of((Object[]) ReflectionTestUtils
			.getField((AbstractMessageListenerContainer) registry.getListenerContainer(id), "adviceChain"));
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

		@RabbitListener(id = "automatic", queues = "orders")
		void on(Message message) {
			assertThat(message.getMessageProperties().getMessageId()).isNotNull();
		}

		@RabbitListener(id = "future", queues = "orders")
		CompletableFuture<Void> onFuture(Message message) {
			return CompletableFuture.completedFuture(null);
		}

		@RabbitListener(id = "manual", queues = "orders", ackMode = "MANUAL")
		void onManual(Message message) {
			assertThat(AcknowledgeMode.MANUAL.isManual()).isTrue();
		}

	}

}
