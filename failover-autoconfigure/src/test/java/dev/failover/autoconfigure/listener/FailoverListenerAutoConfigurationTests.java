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
import java.util.Properties;
import java.util.function.Consumer;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.amqp.rabbit.config.AbstractRabbitListenerContainerFactory;
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
import org.springframework.util.backoff.FixedBackOff;

import dev.failover.autoconfigure.FailoverAutoConfiguration;
import dev.failover.autoconfigure.rabbit.FailoverRabbitAutoConfiguration;
import dev.failover.listener.BrokerDrains;
import dev.failover.listener.ConsumedBrokers;
import dev.failover.listener.ListenerTuningPostProcessor;
import dev.failover.listener.MismatchRecovery;

import static org.assertj.core.api.Assertions.assertThat;

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
			assertThat(setting(container, "recoveryBackOff")).hasToString("RenewingBackOff{first=200, max=2000}");
			assertThat(setting(container, "declarationRetries")).isEqualTo(0);
			assertThat(setting(container, "retryDeclarationInterval")).isEqualTo(2000L);
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
			assertThat(setting(container, "recoveryBackOff")).hasToString("RenewingBackOff{first=200, max=2000}");
			assertThat(container.isPossibleAuthenticationFailureFatal()).isFalse();
		});
	}

	@ParameterizedTest
	@ValueSource(strings = { "simple", "direct" })
	void containersWaitAsThoseOfSpringDo(String type) {
		ApplicationContextRunner both = this.runner.withPropertyValues("spring.rabbitmq.listener.type=" + type);
		both.run((context) -> both.withPropertyValues("failover.enabled=false").run((plain) -> {
			for (String name : List.of("failedDeclarationRetryInterval",
					type.equals("simple") ? "receiveTimeout" : "monitorInterval",
					type.equals("simple") ? "consecutiveIdleTrigger" : "taskSchedulerSet")) {
				assertThat(setting(container(context), name)).as(name).isEqualTo(setting(container(plain), name));
			}
		}));
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
			factory.setRecoveryInterval(5000L);
			factory.setMissingQueuesFatal(true);
		}).run((context) -> {
			AbstractMessageListenerContainer container = container(context);
			assertThat(setting(container, "recoveryBackOff")).isInstanceOf(FixedBackOff.class);
			assertThat(setting(container, "missingQueuesFatal")).isEqualTo(true);
			assertThat(container.isPossibleAuthenticationFailureFatal()).isFalse();
		});
	}

	@Test
	void givesTheUsersCustomizerTheLastWord() {
		withSimpleFactory((factory) -> factory.setContainerCustomizer((container) -> {
			container.setRecoveryInterval(700);
			container.setDeclarationRetries(1);
			container.setPossibleAuthenticationFailureFatal(true);
		})).run((context) -> {
			assertThat(setting(container(context), "recoveryBackOff")).isInstanceOf(FixedBackOff.class);
			assertThat(setting(container(context), "declarationRetries")).isEqualTo(1);
			assertThat(container(context).isPossibleAuthenticationFailureFatal()).isTrue();
		});
	}

	@Test
	void addsToTheUsersGlobalProperties() {
		Properties users = new Properties();
		users.setProperty("mlc.possible.authentication.failure.fatal", "true");
		this.runner.withBean(ListenerTuningPostProcessor.GLOBAL_PROPERTIES, Properties.class, () -> users)
			.withUserConfiguration(ContainerBeans.class)
			.run((context) -> {
				assertThat(container(context).isPossibleAuthenticationFailureFatal()).isTrue();
				SimpleMessageListenerContainer plain = context.getBean("plain", SimpleMessageListenerContainer.class);
				assertThat(setting(plain, "missingQueuesFatal")).isEqualTo(false);
			});
	}

	@Test
	void keepsTheUsersGlobalPropertyOfFormerTimes() {
		Properties users = new Properties();
		users.setProperty("smlc.missing.queues.fatal", "true");
		this.runner.withBean(ListenerTuningPostProcessor.GLOBAL_PROPERTIES, Properties.class, () -> users)
			.withUserConfiguration(ContainerBeans.class)
			.run((context) -> assertThat(
					setting(context.getBean("plain", SimpleMessageListenerContainer.class), "missingQueuesFatal"))
				.isEqualTo(true));
	}

	@Test
	void globalPropertiesAreNotInjectedAnywhere() {
		this.runner.run((context) -> assertThat(context.getBeanProvider(Properties.class).getIfUnique())
			.isSameAs(context.getBean("systemProperties")));
	}

	@Test
	void tunesContainersThatAreBeans() {
		this.runner.withUserConfiguration(ContainerBeans.class).run((context) -> {
			SimpleMessageListenerContainer plain = context.getBean("plain", SimpleMessageListenerContainer.class);
			assertThat(setting(plain, "recoveryBackOff")).hasToString("RenewingBackOff{first=200, max=2000}");
			assertThat(setting(plain, "declarationRetries")).isEqualTo(0);
			assertThat(setting(plain, "retryDeclarationInterval")).isNull();
			assertThat(setting(plain, "missingQueuesFatal")).isEqualTo(false);
			assertThat(plain.isPossibleAuthenticationFailureFatal()).isFalse();
			SimpleMessageListenerContainer set = context.getBean("set", SimpleMessageListenerContainer.class);
			assertThat(setting(set, "recoveryBackOff")).isInstanceOf(FixedBackOff.class);
			assertThat(setting(set, "declarationRetries")).isEqualTo(2);
			assertThat(setting(set, "missingQueuesFatal")).isEqualTo(true);
			assertThat(set.isPossibleAuthenticationFailureFatal()).isTrue();
		});
	}

	@Test
	void leavesContainersOfOtherConnectionFactoriesAlone() {
		withSimpleFactory(
				(factory) -> factory.setConnectionFactory(new CachingConnectionFactory("elsewhere.example.com")))
			.run((context) -> assertThat(setting(container(context), "recoveryBackOff"))
				.isInstanceOf(FixedBackOff.class));
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
		AbstractMessageListenerContainer container = factory.createListenerContainer(endpoint);
		container.initialize();
		return container;
	}

	private static void assertUntuned(AbstractMessageListenerContainer container) {
		assertThat(setting(container, "declarationRetries")).isNull();
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
			container.setRecoveryInterval(700);
			container.setDeclarationRetries(2);
			container.setMissingQueuesFatal(true);
			container.setPossibleAuthenticationFailureFatal(true);
			return container;
		}

	}

}
