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

package dev.failover.autoconfigure;

import java.util.List;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mockito.Answers;
import org.springframework.amqp.rabbit.config.SimpleRabbitListenerContainerFactory;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.aop.support.AopUtils;
import org.springframework.boot.amqp.autoconfigure.RabbitAutoConfiguration;
import org.springframework.boot.amqp.autoconfigure.health.RabbitHealthContributorAutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.context.annotation.ImportCandidates;
import org.springframework.boot.health.autoconfigure.contributor.HealthContributorAutoConfiguration;
import org.springframework.boot.health.autoconfigure.registry.HealthContributorRegistryAutoConfiguration;
import org.springframework.boot.health.contributor.HealthContributors;
import org.springframework.boot.health.registry.HealthContributorRegistry;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.util.ClassUtils;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerCredentials;
import dev.failover.broker.Brokers;
import dev.failover.connection.FailoverConnectionFactory;
import dev.failover.ensure.Ensure;
import dev.failover.ensure.Ensurer;
import dev.failover.template.FailoverTemplate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.Mockito.mock;

/**
 * Tests for applications that define their own connection factory.
 */
@ExtendWith(OutputCaptureExtension.class)
class OwnConnectionFactoryTests {

	private final CachingConnectionFactory elsewhere = new CachingConnectionFactory("elsewhere.example.com");

	private final ApplicationContextRunner runner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(autoConfigurations()))
		.withConfiguration(AutoConfigurations.of(SslAutoConfiguration.class, RabbitAutoConfiguration.class,
				RabbitHealthContributorAutoConfiguration.class, HealthContributorAutoConfiguration.class,
				HealthContributorRegistryAutoConfiguration.class));

	@ParameterizedTest
	@ValueSource(strings = { "spring.rabbitmq.addresses=a,b", "failover.strategy=shuffle" })
	void everythingBacksOffWithoutBrokers(String property, CapturedOutput output) {
		this.runner.withBean("own", ConnectionFactory.class, () -> this.elsewhere)
			.withBean(Service.class)
			.withPropertyValues(property)
			.run((context) -> {
				assertThat(context).hasSingleBean(ConnectionFactory.class)
					.doesNotHaveBean(Brokers.class)
					.doesNotHaveBean(FailoverConnectionFactory.class)
					.doesNotHaveBean(FailoverConnectionDetails.class)
					.doesNotHaveBean(Ensurer.class)
					.doesNotHaveBean(FailoverTemplate.class);
				assertThat(context.getBean(RabbitTemplate.class).getConnectionFactory()).isSameAs(this.elsewhere);
				assertThat(AopUtils.isAopProxy(context.getBean(Service.class))).isFalse();
				assertThat(health(context)).contains("rabbit").doesNotContain("failover");
				assertThat(output).containsOnlyOnce("Nothing fails over")
					.contains("WARN")
					.contains("or set failover.brokers and build it on the bean of type FailoverConnectionFactory");
			});
	}

	@ParameterizedTest
	@ValueSource(strings = { "failover.brokers=amqp://app:secret@a", "failover.brokers[0]=amqp://app:secret@a",
			"failover.brokers[0].uri=amqp://app:secret@a" })
	void brokersThatNothingConnectsToEndTheStart(String brokers) {
		this.runner.withBean("own", ConnectionFactory.class, () -> this.elsewhere)
			.withPropertyValues(brokers)
			.run((context) -> assertThat(context).getFailure()
				.isInstanceOfSatisfying(InvalidFailoverPropertyException.class, (failure) -> {
					assertThat(failure).hasMessageContaining("[own] of the application connects past them")
						.hasMessageContaining("amqp://a:5672")
						.hasMessageNotContaining("secret");
					assertThat(failure.getProperty()).isEqualTo("failover.brokers");
					assertThat(failure.getAction()).contains("new CachingConnectionFactory(failoverConnectionFactory)");
				}));
	}

	@Test
	void brokersOfTheApplicationThatNothingConnectsToEndTheStart() {
		Broker broker = Broker.of("a", "a", 5672);
		this.runner.withBean("own", ConnectionFactory.class, () -> this.elsewhere)
			.withBean(FailoverConnectionDetails.class,
					() -> FailoverConnectionDetails.of(List.of(broker), (any) -> BrokerCredentials.of("app", "secret")))
			.run((context) -> assertThat(context).getFailure().isInstanceOf(InvalidFailoverPropertyException.class));
	}

	@Test
	void oneThatIsBuiltOnOursFailsOver(CapturedOutput output) {
		this.runner.withUserConfiguration(BuiltOnOurs.class)
			.withBean(Service.class)
			.withPropertyValues("failover.brokers=amqp://a;amqp://b")
			.run((context) -> {
				assertThat(context).hasSingleBean(ConnectionFactory.class);
				assertThat(context.getBean(FailoverTemplate.class).getConnectionFactory())
					.isSameAs(context.getBean("own"));
				assertThat(AopUtils.isAopProxy(context.getBean(Service.class))).isTrue();
				assertThat(health(context)).contains("failover").doesNotContain("rabbit");
				assertThat(output).doesNotContain("WARN");
			});
	}

	@Test
	void oneThatHidesWhatItConnectsToIsBelieved() {
		this.runner.withBean("own", ConnectionFactory.class, () -> mock(CachingConnectionFactory.class))
			.withPropertyValues("failover.brokers=amqp://a")
			.run((context) -> assertThat(context).hasNotFailed());
	}

	@Test
	void primaryOneThatDoesNotFailOverIsWarnedOf(CapturedOutput output) {
		this.runner
			.withBean("own", ConnectionFactory.class, () -> this.elsewhere, (definition) -> definition.setPrimary(true))
			.withBean("other", ConnectionFactory.class,
					() -> new CachingConnectionFactory(mock(FailoverConnectionFactory.class, Answers.RETURNS_MOCKS)))
			.withPropertyValues("failover.brokers=amqp://a")
			.run((context) -> {
				assertThat(context).hasNotFailed();
				assertThat(output).contains("@Ensure and the RabbitTemplate do not fail over")
					.doesNotContain("@Ensure has no effect");
			});
	}

	@ParameterizedTest
	@ValueSource(booleans = { true, false })
	void severalAreWarnedOfUnlessOneIsPrimary(boolean primary, CapturedOutput output) {
		this.runner.withBean("own", ConnectionFactory.class, () -> this.elsewhere)
			.withBean("main", ConnectionFactory.class,
					() -> new CachingConnectionFactory(mock(FailoverConnectionFactory.class, Answers.RETURNS_MOCKS)),
					(definition) -> definition.setPrimary(primary))
			.withBean("rabbitListenerContainerFactory", SimpleRabbitListenerContainerFactory.class)
			.withPropertyValues("failover.brokers=amqp://a")
			.run((context) -> {
				assertThat(context).hasNotFailed();
				assertThat(output).doesNotContain("Nothing fails over", "do not fail over");
				assertThat(output.getOut().contains("@Ensure has no effect")).isNotEqualTo(primary);
			});
	}

	@Test
	void disabledFailoverIsNotWarnedOf(CapturedOutput output) {
		this.runner.withBean("own", ConnectionFactory.class, () -> this.elsewhere)
			.withPropertyValues("failover.brokers=amqp://a", "failover.enabled=false")
			.run((context) -> {
				assertThat(context).hasNotFailed();
				assertThat(output).doesNotContain("WARN");
			});
	}

	private static List<String> health(ApplicationContext context) {
		return context.getBean(HealthContributorRegistry.class).stream().map(HealthContributors.Entry::name).toList();
	}

	/**
	 * All but that of Spring Cloud Stream, which is not here, and of which a class cannot
	 * be made for want of it.
	 */
	private static Class<?>[] autoConfigurations() {
		ClassLoader classLoader = OwnConnectionFactoryTests.class.getClassLoader();
		return ImportCandidates.load(AutoConfiguration.class, classLoader)
			.getCandidates()
			.stream()
			.filter((name) -> name.startsWith("dev.failover.") && !name.contains(".stream."))
			.map((name) -> ClassUtils.resolveClassName(name, classLoader))
			.toArray(Class<?>[]::new);
	}

	@Configuration(proxyBeanMethods = false)
	static class BuiltOnOurs {

		@Bean
		CachingConnectionFactory own(FailoverConnectionFactory failoverConnectionFactory) {
			return new CachingConnectionFactory(failoverConnectionFactory);
		}

	}

	/**
	 * A service.
	 */
	static class Service {

		@Ensure
		void call() {
		}

	}

}
