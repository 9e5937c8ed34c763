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

import java.util.function.Consumer;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.amqp.rabbit.config.AbstractRabbitListenerContainerFactory;
import org.springframework.amqp.rabbit.config.DirectRabbitListenerContainerFactory;
import org.springframework.amqp.rabbit.config.SimpleRabbitListenerContainerFactory;
import org.springframework.amqp.rabbit.config.SimpleRabbitListenerEndpoint;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.DirectMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.SimpleMessageListenerContainer;
import org.springframework.beans.DirectFieldAccessor;
import org.springframework.boot.amqp.autoconfigure.RabbitAutoConfiguration;
import org.springframework.boot.amqp.autoconfigure.SimpleRabbitListenerContainerFactoryConfigurer;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.scheduling.TaskScheduler;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.util.backoff.FixedBackOff;

import dev.failover.autoconfigure.FailoverAutoConfiguration;
import dev.failover.autoconfigure.rabbit.FailoverRabbitAutoConfiguration;
import dev.failover.listener.BrokerDrains;
import dev.failover.listener.ConsumedBrokers;
import dev.failover.listener.ListenerTuningPostProcessor;
import dev.failover.listener.MismatchRecovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.Mockito.mock;

class FailoverListenerAutoConfigurationTests {

	private final ApplicationContextRunner runner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(SslAutoConfiguration.class, RabbitAutoConfiguration.class,
				FailoverAutoConfiguration.class, FailoverRabbitAutoConfiguration.class,
				FailoverListenerAutoConfiguration.class))
		.withPropertyValues("failover.brokers=amqp://localhost:1;amqp://localhost:2");

	private final ApplicationContextRunner direct = this.runner
		.withPropertyValues("spring.rabbitmq.listener.type=direct");

	@Test
	void tunesSimpleContainers() {
		this.runner.run((context) -> {
			AbstractMessageListenerContainer container = container(context);
			assertThat(container).isInstanceOf(SimpleMessageListenerContainer.class);
			assertThat(setting(container, "receiveTimeout")).isEqualTo(30L);
			assertThat(setting(container, "consecutiveIdleTrigger")).isEqualTo(333);
			assertThat(setting(container, "recoveryBackOff")).hasToString("RenewingBackOff{first=200, max=2000}");
			assertThat(setting(container, "retryDeclarationInterval")).isEqualTo(2000L);
			assertThat(setting(container, "failedDeclarationRetryInterval")).isEqualTo(2000L);
			assertThat(setting(container, "missingQueuesFatal")).isEqualTo(false);
			assertThat(container.isPossibleAuthenticationFailureFatal()).isFalse();
		});
	}

	@ParameterizedTest
	@CsvSource({ "failover.listener.brokers=active, ACTIVE", "failover.listener.brokers=all, ALL",
			"failover.listener.brokers=auto, AUTO", "failover.standby=true, AUTO" })
	void drainsTheBrokersThatAreWanted(String property, ConsumedBrokers consumed) {
		this.runner.withPropertyValues(property)
			.run((context) -> assertThat(context).getBean(BrokerDrains.class)
				.matches(BrokerDrains::isRunning)
				.extracting("plan.consumed")
				.isEqualTo(consumed));
	}

	@Test
	void tunesDirectContainers() {
		this.direct.run((context) -> {
			AbstractMessageListenerContainer container = container(context);
			assertThat(container).isInstanceOf(DirectMessageListenerContainer.class);
			assertThat(setting(container, "monitorInterval")).isEqualTo(100L);
			assertThat(setting(container, "taskScheduler")).isNotNull();
			assertThat(setting(container, "failedDeclarationRetryInterval")).isEqualTo(2000L);
			assertThat(setting(container, "recoveryBackOff")).hasToString("RenewingBackOff{first=200, max=2000}");
			assertThat(container.isPossibleAuthenticationFailureFatal()).isFalse();
		});
	}

	@Test
	void leavesContainersAloneWhenDisabled() {
		this.runner.withPropertyValues("failover.listener.tune=false").run((context) -> {
			assertThat(context).doesNotHaveBean(ListenerTuningPostProcessor.class)
				.doesNotHaveBean(MismatchRecovery.class);
			assertUntuned(container(context));
		});
	}

	@Test
	void leavesContainersAloneWhenFailoverIsDisabled() {
		this.runner.withPropertyValues("failover.enabled=false").run((context) -> assertUntuned(container(context)));
	}

	@Test
	void keepsTheUsersProperty() {
		this.runner.withPropertyValues("spring.rabbitmq.listener.simple.missing-queues-fatal=true")
			.run((context) -> assertThat(setting(container(context), "missingQueuesFatal")).isEqualTo(true));
	}

	@Test
	void keepsWhatTheUserHasSetOnAFactoryEvenIfItIsTheDefault() {
		withSimpleFactory((factory) -> {
			factory.setReceiveTimeout(1000L);
			factory.setConsecutiveIdleTrigger(10);
			factory.setRecoveryInterval(5000L);
			factory.setFailedDeclarationRetryInterval(5000L);
			factory.setMissingQueuesFatal(true);
		}).run((context) -> {
			AbstractMessageListenerContainer container = container(context);
			assertThat(setting(container, "receiveTimeout")).isEqualTo(1000L);
			assertThat(setting(container, "consecutiveIdleTrigger")).isEqualTo(10);
			assertThat(setting(container, "recoveryBackOff")).isInstanceOf(FixedBackOff.class);
			assertThat(setting(container, "failedDeclarationRetryInterval")).isEqualTo(5000L);
			assertThat(setting(container, "missingQueuesFatal")).isEqualTo(true);
			assertThat(container.isPossibleAuthenticationFailureFatal()).isFalse();
		});
	}

	@Test
	void keepsWhatTheUserHasSetOnADirectFactory() {
		TaskScheduler users = mock();
		this.direct.withBean("rabbitListenerContainerFactory", DirectRabbitListenerContainerFactory.class, () -> {
			DirectRabbitListenerContainerFactory factory = new DirectRabbitListenerContainerFactory();
			factory.setMonitorInterval(10_000L);
			factory.setFailedDeclarationRetryInterval(5000L);
			factory.setTaskScheduler(users);
			return factory;
		}).run((context) -> {
			assertThat(setting(container(context), "taskScheduler")).isSameAs(users);
			assertThat(setting(container(context), "monitorInterval")).isEqualTo(10_000L);
			assertThat(setting(container(context), "failedDeclarationRetryInterval")).isEqualTo(5000L);
		});
	}

	@Test
	void givesTheUsersCustomizerTheLastWord() {
		withSimpleFactory((factory) -> factory.setContainerCustomizer((container) -> {
			container.setReceiveTimeout(1000);
			container.setPossibleAuthenticationFailureFatal(true);
		})).run((context) -> {
			assertThat(setting(container(context), "receiveTimeout")).isEqualTo(1000L);
			assertThat(container(context).isPossibleAuthenticationFailureFatal()).isTrue();
		});
	}

	@Test
	void keepsTheTimeoutThatEndsABatch() {
		withSimpleFactory((factory) -> factory.setConsumerBatchEnabled(true))
			.run((context) -> assertThat(setting(container(context), "receiveTimeout")).isEqualTo(1000L));
	}

	@Test
	void keepsTheTimeoutWhereEachPollIsATransaction() {
		withSimpleFactory((factory) -> factory.setTransactionManager(mock(PlatformTransactionManager.class)))
			.run((context) -> assertThat(setting(container(context), "receiveTimeout")).isEqualTo(1000L));
	}

	@Test
	void tunesContainersThatAreBeans() {
		this.runner.withUserConfiguration(ContainerBeans.class).run((context) -> {
			SimpleMessageListenerContainer plain = context.getBean("plain", SimpleMessageListenerContainer.class);
			assertThat(setting(plain, "receiveTimeout")).isEqualTo(30L);
			assertThat(setting(plain, "missingQueuesFatal")).isEqualTo(false);
			assertThat(plain.isPossibleAuthenticationFailureFatal()).isFalse();
			SimpleMessageListenerContainer set = context.getBean("set", SimpleMessageListenerContainer.class);
			assertThat(setting(set, "receiveTimeout")).isEqualTo(700L);
			assertThat(setting(set, "missingQueuesFatal")).isEqualTo(true);
			assertThat(set.isPossibleAuthenticationFailureFatal()).isTrue();
		});
	}

	@Test
	void leavesContainersOfOtherConnectionFactoriesAlone() {
		withSimpleFactory(
				(factory) -> factory.setConnectionFactory(new CachingConnectionFactory("elsewhere.example.com")))
			.run((context) -> assertThat(setting(container(context), "receiveTimeout")).isEqualTo(1000L));
	}

	private ApplicationContextRunner withSimpleFactory(Consumer<SimpleRabbitListenerContainerFactory> settings) {
		return this.runner.withUserConfiguration(SimpleFactory.class)
			.withBean("settings", Settings.class, () -> settings::accept);
	}

	private static AbstractMessageListenerContainer container(ApplicationContext context) {
		AbstractRabbitListenerContainerFactory<?> factory = context.getBean("rabbitListenerContainerFactory",
				AbstractRabbitListenerContainerFactory.class);
		SimpleRabbitListenerEndpoint endpoint = new SimpleRabbitListenerEndpoint();
		endpoint.setId("test");
		endpoint.setQueueNames("orders");
		endpoint.setMessageListener((message) -> {
		});
		return factory.createListenerContainer(endpoint);
	}

	private static void assertUntuned(AbstractMessageListenerContainer container) {
		assertThat(setting(container, "receiveTimeout")).isEqualTo(1000L);
		assertThat(setting(container, "recoveryBackOff")).isInstanceOf(FixedBackOff.class);
		assertThat(setting(container, "missingQueuesFatal")).isEqualTo(true);
		assertThat(container.isPossibleAuthenticationFailureFatal()).isTrue();
	}

	private static Object setting(Object container, String name) {
		return new DirectFieldAccessor(container).getPropertyValue(name);
	}

	@FunctionalInterface
	interface Settings {

		void apply(SimpleRabbitListenerContainerFactory factory);

	}

	@Configuration(proxyBeanMethods = false)
	static class SimpleFactory {

		@Bean
		SimpleRabbitListenerContainerFactory rabbitListenerContainerFactory(Settings settings,
				SimpleRabbitListenerContainerFactoryConfigurer configurer, ConnectionFactory connectionFactory) {
			SimpleRabbitListenerContainerFactory factory = new SimpleRabbitListenerContainerFactory();
			configurer.configure(factory, connectionFactory);
			settings.apply(factory);
			return factory;
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class ContainerBeans {

		@Bean
		SimpleMessageListenerContainer plain(ConnectionFactory connectionFactory) {
			SimpleMessageListenerContainer container = new SimpleMessageListenerContainer(connectionFactory);
			container.setAutoStartup(false);
			return container;
		}

		@Bean
		SimpleMessageListenerContainer set(ConnectionFactory connectionFactory) {
			SimpleMessageListenerContainer container = plain(connectionFactory);
			container.setReceiveTimeout(700);
			container.setMissingQueuesFatal(true);
			container.setPossibleAuthenticationFailureFatal(true);
			return container;
		}

	}

}
