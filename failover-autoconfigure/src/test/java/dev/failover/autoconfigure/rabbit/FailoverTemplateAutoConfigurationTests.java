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

package dev.failover.autoconfigure.rabbit;

import java.net.ServerSocket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;

import io.micrometer.observation.ObservationRegistry;
import io.micrometer.observation.tck.TestObservationRegistry;
import io.micrometer.observation.tck.TestObservationRegistryAssert;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.amqp.AmqpException;
import org.springframework.amqp.core.AmqpAdmin;
import org.springframework.amqp.core.AmqpTemplate;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageProperties;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.batch.SimpleBatchingStrategy;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.core.BatchingRabbitTemplate;
import org.springframework.amqp.rabbit.core.RabbitMessagingTemplate;
import org.springframework.amqp.rabbit.core.RabbitOperations;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.amqp.rabbit.support.micrometer.RabbitTemplateObservationConvention;
import org.springframework.amqp.support.converter.MessageConverter;
import org.springframework.amqp.support.converter.SimpleMessageConverter;
import org.springframework.boot.amqp.autoconfigure.RabbitAutoConfiguration;
import org.springframework.boot.amqp.autoconfigure.RabbitTemplateCustomizer;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Primary;
import org.springframework.expression.common.LiteralExpression;
import org.springframework.scheduling.concurrent.SimpleAsyncTaskScheduler;
import org.springframework.stereotype.Component;

import dev.failover.autoconfigure.FailoverAutoConfiguration;
import dev.failover.autoconfigure.ensure.FailoverEnsureAutoConfiguration;
import dev.failover.template.FailoverTemplate;
import dev.failover.template.FailoverTemplateObservation;
import dev.failover.template.PublishException;
import dev.failover.test.EmbeddedBroker;
import dev.failover.test.FaultProxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Tests for {@link FailoverTemplateAutoConfiguration}.
 */
@ExtendWith(OutputCaptureExtension.class)
class FailoverTemplateAutoConfigurationTests {

	private final ApplicationContextRunner contextRunner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(FailoverAutoConfiguration.class, FailoverRabbitAutoConfiguration.class,
				FailoverEnsureAutoConfiguration.class, FailoverTemplateAutoConfiguration.class,
				FailoverConnectionCheckAutoConfiguration.class, RabbitAutoConfiguration.class));

	@Test
	void templateIsTheOnlyOneAndBootsBeansUseIt() {
		this.contextRunner.run((context) -> {
			assertThat(context).hasSingleBean(RabbitOperations.class);
			assertThat(context).hasSingleBean(AmqpAdmin.class);
			assertThat(context.getBean("rabbitTemplate")).isInstanceOf(FailoverTemplate.class);
			assertThat(context.getBean(RabbitMessagingTemplate.class).getRabbitTemplate())
				.isSameAs(context.getBean(FailoverTemplate.class));
			assertThat(context.getBean(FailoverTemplate.class).isUsePublisherConnection()).isTrue();
			assertThat(context.getBean(FailoverTemplate.class).isMandatoryFor(null)).isTrue();
		});
	}

	@Test
	void bootsTemplatePropertiesApply() {
		this.contextRunner
			.withPropertyValues("spring.rabbitmq.template.exchange=orders", "spring.rabbitmq.template.mandatory=false")
			.run((context) -> {
				assertThat(context.getBean(FailoverTemplate.class).getExchange()).isEqualTo("orders");
				assertThat(context.getBean(FailoverTemplate.class).isMandatoryFor(null)).isFalse();
			});
	}

	@Test
	void bootsPropertySwitchesTheObservationOnWithTheConventionThatIsABean() {
		try (EmbeddedBroker broker = EmbeddedBroker.builder().start()) {
			TestObservationRegistry registry = TestObservationRegistry.create();
			ApplicationContextRunner runner = this.contextRunner.withBean(ObservationRegistry.class, () -> registry)
				.withBean(Queue.class, () -> new Queue("orders"))
				.withPropertyValues("failover.brokers=" + broker.uri());
			runner.run((context) -> context.getBean(FailoverTemplate.class).convertAndSend("orders", "unobserved"));
			TestObservationRegistryAssert.assertThat(registry).doesNotHaveAnyObservation();
			ApplicationContextRunner observed = runner
				.withPropertyValues("spring.rabbitmq.template.observation-enabled=true");
			observed.run((context) -> context.getBean(FailoverTemplate.class).convertAndSend("orders", "1"));
			TestObservationRegistryAssert.assertThat(registry)
				.hasNumberOfObservationsEqualTo(1)
				.hasObservationWithNameEqualTo("spring.rabbit.template")
				.that()
				.hasContextualNameEqualTo("/orders send")
				.hasHighCardinalityKeyValueWithKey("failover.broker");
			observed
				.withBean(RabbitTemplateObservationConvention.class,
						() -> FailoverTemplateObservation.OpenTelemetryConvention.INSTANCE)
				.run((context) -> context.getBean(FailoverTemplate.class).convertAndSend("orders", "2"));
			TestObservationRegistryAssert.assertThat(registry)
				.hasNumberOfObservationsEqualTo(2)
				.hasAnObservationWithAKeyValue("messaging.destination.name", "orders");
		}
	}

	@Test
	void connectionFactoryCannotBeChosenByMessage() {
		this.contextRunner.run((context) -> {
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			LiteralExpression key = new LiteralExpression("north");
			assertThatExceptionOfType(UnsupportedOperationException.class)
				.isThrownBy(() -> template.setSendConnectionFactorySelectorExpression(key))
				.withMessageContaining("'sendConnectionFactorySelectorExpression' is not supported");
			assertThatExceptionOfType(UnsupportedOperationException.class)
				.isThrownBy(() -> template.setReceiveConnectionFactorySelectorExpression(key))
				.withMessageContaining("'receiveConnectionFactorySelectorExpression' is not supported");
		});
	}

	@Test
	void replacedConnectionFactoryFailsStartup() {
		this.contextRunner
			.withBean(RabbitTemplateCustomizer.class,
					() -> (template) -> template.setConnectionFactory(new CachingConnectionFactory("elsewhere")))
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.isInstanceOf(IllegalStateException.class)
				.hasMessageContaining("connection factory of a FailoverTemplate cannot be replaced"));
	}

	@Test
	@DisplayName("Behaviour 25: the body is converted once, outside of what is repeated")
	void bodyIsConvertedOnceHoweverOftenItIsPublished() {
		try (EmbeddedBroker silent = EmbeddedBroker.builder().start();
				FaultProxy proxy = FaultProxy.to(silent);
				EmbeddedBroker next = EmbeddedBroker.builder().start()) {
			CountingConverter converter = new CountingConverter();
			String brokers = "failover.brokers="
					+ silent.uri().toString().replace(":" + silent.port(), ":" + proxy.port()) + ";" + next.uri();
			this.contextRunner.withBean(MessageConverter.class, () -> converter)
				.withBean(Queue.class, () -> new Queue("orders"))
				.withPropertyValues(brokers, "failover.publish.confirm-timeout=500ms", "failover.connect.race-delay=0")
				.run((context) -> {
					FailoverTemplate template = context.getBean(FailoverTemplate.class);
					template.convertAndSend("orders", "first");
					proxy.blackHole();
					template.convertAndSend("orders", "second");
					assertThat(template.receiveAndConvert("orders")).isEqualTo("second");
					assertThat(converter.bodies).containsExactly("first", "second");
				});
		}
	}

	@Test
	void ownTemplateIsInjectedAsBeforeAndFailoverTemplateStandsBesideIt(CapturedOutput output) {
		this.contextRunner.withUserConfiguration(OwnTemplate.class, Injected.class).run((context) -> {
			RabbitTemplate own = context.getBean("ownTemplate", RabbitTemplate.class);
			FailoverTemplate beside = context.getBean(FailoverTemplate.class);
			assertThat(context.getBean(RabbitTemplate.class)).isSameAs(own);
			assertThat(context.getBean(RabbitOperations.class)).isSameAs(own);
			assertThat(context.getBean(AmqpTemplate.class)).isSameAs(own);
			assertThat(context.getBean(RabbitMessagingTemplate.class).getRabbitTemplate()).isSameAs(own);
			assertThat(context.getBeanProvider(RabbitTemplate.class).getIfUnique()).isSameAs(own);
			Injected injected = context.getBean(Injected.class);
			assertThat(injected.any).isSameAs(own);
			assertThat(injected.safe).isSameAs(beside).isNotSameAs(own);
			assertThat(context).getBeanNames(RabbitTemplate.class)
				.containsExactlyInAnyOrder("ownTemplate", "failoverTemplate");
			assertThat(output).containsOnlyOnce("Bean 'ownTemplate' of type RabbitTemplate publishes without failover")
				.contains(
						"Create it with the bean of type FailoverTemplateConfigurer and declare it as FailoverTemplate");
		});
	}

	@Test
	void customizersApplyToTheTemplateBesideAnOwnOne() {
		this.contextRunner.withUserConfiguration(OwnTemplate.class)
			.withBean(RabbitTemplateCustomizer.class, () -> (template) -> template.setExchange("orders"))
			.run((context) -> assertThat(context.getBean(FailoverTemplate.class).getExchange()).isEqualTo("orders"));
	}

	@Test
	void eachOwnTemplateIsNamedByTheWarning(CapturedOutput output) {
		this.contextRunner.withUserConfiguration(BatchingTemplate.class, OwnTemplate.class).run((context) -> {
			assertThat(context).hasSingleBean(FailoverTemplate.class);
			assertThat(output)
				.containsOnlyOnce("Bean 'batching' of type BatchingRabbitTemplate publishes without failover")
				.contains("Inject FailoverTemplate where messages must not be lost")
				.containsOnlyOnce("Bean 'ownTemplate' of type RabbitTemplate");
		});
	}

	@Test
	void templateOfTheAutoConfigurationIsNotWarnedOf(CapturedOutput output) {
		this.contextRunner.run((context) -> assertThat(output).doesNotContain("publishes without failover"));
	}

	@Test
	void ownTemplateThatPublishesElsewhereIsNotWarnedOf(CapturedOutput output) {
		this.contextRunner
			.withBean("elsewhere", RabbitTemplate.class, () -> new RabbitTemplate(new CachingConnectionFactory()))
			.run((context) -> {
				assertThat(context).hasSingleBean(FailoverTemplate.class);
				assertThat(output).doesNotContain("publishes without failover");
			});
	}

	@Test
	void failoverTemplatesOfTheUserReplaceOurs(CapturedOutput output) {
		this.contextRunner.withUserConfiguration(TwoTemplates.class)
			.withPropertyValues("spring.rabbitmq.template.routing-key=new")
			.run((context) -> {
				assertThat(context).getBeanNames(RabbitTemplate.class).containsExactlyInAnyOrder("orders", "audit");
				FailoverTemplate orders = context.getBean("orders", FailoverTemplate.class);
				FailoverTemplate audit = context.getBean("audit", FailoverTemplate.class);
				assertThat(context.getBean(RabbitTemplate.class)).isSameAs(orders);
				assertThat(audit.getExchange()).isEqualTo("audit");
				assertThat(audit.getRoutingKey()).isEqualTo("new");
				assertThat(audit.isMandatoryFor(null)).isTrue();
				assertThat(orders.isUsePublisherConnection()).isTrue();
				assertThat(output).doesNotContain("publishes without failover");
			});
	}

	@Test
	void bootsTemplateIsUsedWhenFailoverIsDisabled() {
		this.contextRunner.withPropertyValues("failover.enabled=false").run((context) -> {
			assertThat(context).hasSingleBean(RabbitTemplate.class);
			assertThat(context).doesNotHaveBean(FailoverTemplate.class);
		});
	}

	@Test
	void recoveryCallbackIsCalledAtTheEndOfEachOperation(CapturedOutput output) throws Exception {
		List<Throwable> failures = new CopyOnWriteArrayList<>();
		int port;
		try (ServerSocket closed = new ServerSocket(0)) {
			port = closed.getLocalPort();
		}
		this.contextRunner
			.withPropertyValues("failover.brokers=amqp://localhost:" + port, "failover.ensure.timeout=1s",
					"failover.standby=false", "spring.rabbitmq.template.retry.enabled=true")
			.withBean(RabbitTemplateCustomizer.class, () -> (template) -> template.setRecoveryCallback((failure) -> {
				failures.add(failure);
				return null;
			}))
			.run((context) -> {
				FailoverTemplate template = context.getBean(FailoverTemplate.class);
				assertThat(output).containsOnlyOnce("The retry template of spring.rabbitmq.template.retry.*")
					.contains("set failover.ensure.timeout");
				template.convertAndSend("orders", "stored");
				assertThat(failures).singleElement().isInstanceOf(PublishException.class);
				assertThat(template.receive("orders")).isNull();
				assertThat(failures).hasSize(2);
				assertThat(template.receive("orders", 100)).isNull();
				assertThat(failures).hasSize(3);
				assertThat(template.<Object>execute((channel) -> "done")).isNull();
				assertThat(failures).hasSize(4).allMatch(AmqpException.class::isInstance);
			});
	}

	@Test
	void missingTemplateIsExplainedIfFailoverIsDisabled() {
		assertMissing(this.contextRunner.withPropertyValues("failover.enabled=false"),
				"failover is disabled by failover.enabled=false", "Remove that property, or inject RabbitTemplate");
	}

	@Test
	void missingTemplateIsExplainedIfAnOwnConnectionFactoryMakesFailoverBackOff() {
		assertMissing(
				this.contextRunner.withBean("mine", CachingConnectionFactory.class,
						() -> new CachingConnectionFactory("localhost")),
				"the application defines its own connection factory [mine] and no failover.brokers",
				"Remove that bean, or set failover.brokers");
	}

	@Test
	void missingTemplateIsExplainedIfThereAreSeveralConnectionFactories() {
		assertMissing(
				this.contextRunner.withPropertyValues("failover.brokers=amqp://localhost")
					.withBean("mine", CachingConnectionFactory.class, () -> new CachingConnectionFactory("localhost"))
					.withBean("yours", CachingConnectionFactory.class, () -> new CachingConnectionFactory("localhost")),
				"there are several connection factories, [mine, yours], and none is primary",
				"Mark the one that fails over as @Primary");
	}

	@Test
	void missingTemplateIsExplainedIfItsAutoConfigurationIsExcluded() {
		assertMissing(
				new ApplicationContextRunner()
					.withConfiguration(AutoConfigurations.of(FailoverConnectionCheckAutoConfiguration.class)),
				"its auto-configuration is excluded, or one of its conditions is not met",
				"Look for FailoverTemplateAutoConfiguration in the conditions report");
	}

	@Test
	void missingTemplateIsExplainedWithoutTheAutoConfiguration() {
		assertMissing(new ApplicationContextRunner(),
				"the auto-configuration of failover is not part of the application", "Enable auto-configuration");
	}

	@Test
	void otherMissingBeansAreLeftToOthers() {
		assertThat(analysis(new ApplicationContextRunner().withUserConfiguration(Injected.class))).isNull();
	}

	private static void assertMissing(ApplicationContextRunner runner, String cause, String action) {
		FailureAnalysis analysis = analysis(runner.withUserConfiguration(Publisher.class));
		assertThat(analysis).isNotNull();
		assertThat(analysis.getDescription())
			.contains("Publisher required a bean of type 'dev.failover.template.FailoverTemplate'")
			.contains(cause);
		assertThat(analysis.getAction()).contains(action);
	}

	private static FailureAnalysis analysis(ApplicationContextRunner runner) {
		AtomicReference<ConfigurableApplicationContext> started = new AtomicReference<>();
		AtomicReference<FailureAnalysis> analysis = new AtomicReference<>();
		runner.withInitializer(started::set).run((context) -> {
			ConfigurableApplicationContext source = started.get();
			analysis.set(new MissingTemplateFailureAnalyzer(source.getBeanFactory(), source.getEnvironment())
				.analyze(context.getStartupFailure()));
		});
		return analysis.get();
	}

	/**
	 * Knows what it has converted.
	 */
	static final class CountingConverter extends SimpleMessageConverter {

		private final List<Object> bodies = new CopyOnWriteArrayList<>();

		@Override
		protected Message createMessage(Object body, MessageProperties properties) {
			this.bodies.add(body);
			return super.createMessage(body, properties);
		}

	}

	/**
	 * Application with one template for batches and another one.
	 */
	@Configuration(proxyBeanMethods = false)
	static class BatchingTemplate {

		@Bean
		@Primary
		BatchingRabbitTemplate batching(ConnectionFactory connectionFactory) {
			return new BatchingRabbitTemplate(connectionFactory, new SimpleBatchingStrategy(10, 1000, 100),
					new SimpleAsyncTaskScheduler());
		}

	}

	/**
	 * Application with two templates that fail over.
	 */
	@Configuration(proxyBeanMethods = false)
	static class TwoTemplates {

		@Bean
		@Primary
		FailoverTemplate orders(FailoverTemplateConfigurer configurer, ConnectionFactory connectionFactory) {
			return configurer.create(connectionFactory);
		}

		@Bean
		FailoverTemplate audit(FailoverTemplateConfigurer configurer, ConnectionFactory connectionFactory) {
			FailoverTemplate template = configurer.create(connectionFactory);
			template.setExchange("audit");
			return template;
		}

	}

	/**
	 * Needs a template that fails over.
	 */
	@Component
	static class Publisher {

		Publisher(FailoverTemplate template) {
		}

	}

	/**
	 * Has what is injected by type, whatever the names of its parameters.
	 */
	@Component
	static class Injected {

		private final RabbitTemplate any;

		private final FailoverTemplate safe;

		Injected(RabbitTemplate any, FailoverTemplate safe) {
			this.any = any;
			this.safe = safe;
		}

	}

	/**
	 * Application with a template of its own.
	 */
	@Configuration(proxyBeanMethods = false)
	static class OwnTemplate {

		@Bean
		RabbitTemplate ownTemplate(ConnectionFactory connectionFactory) {
			return new RabbitTemplate(connectionFactory);
		}

	}

}
