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

import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.boot.amqp.autoconfigure.ConnectionFactoryCustomizer;
import org.springframework.boot.amqp.autoconfigure.RabbitAutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.autoconfigure.FailoverAutoConfiguration;
import dev.failover.autoconfigure.FailoverConnectionDetails;
import dev.failover.autoconfigure.InvalidFailoverPropertyException;
import dev.failover.broker.Broker;
import dev.failover.broker.BrokerCredentials;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.broker.Reconnector;
import dev.failover.broker.TestBrokers;
import dev.failover.connection.ConnectSettings;
import dev.failover.connection.FailoverConnectionFactory;
import dev.failover.connection.SpringReconnector;
import dev.failover.strategy.FailoverStrategy;
import dev.failover.strategy.RoundRobinStrategy;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for what the application may replace, and set, in
 * {@link FailoverRabbitAutoConfiguration}.
 */
@ExtendWith(OutputCaptureExtension.class)
class FailoverRabbitBeansTests {

	private final ApplicationContextRunner bare = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(SslAutoConfiguration.class, FailoverAutoConfiguration.class,
				FailoverRabbitAutoConfiguration.class, RabbitAutoConfiguration.class));

	private final ApplicationContextRunner runner = this.bare
		.withPropertyValues("failover.brokers=amqp://a;amqp://b:1234");

	@Test
	void brokersOfTheUserWin() {
		this.runner
			.withBean("own", Brokers.class, () -> new Brokers(List.of(TestBrokers.broker("mine")), Clock.systemUTC()))
			.run((context) -> {
				assertThat(context).hasSingleBean(Brokers.class);
				assertThat(context.getBean(FailoverConnectionFactory.class).getHost()).isEqualTo("mine.example.com");
			});
	}

	@Test
	void connectionDetailsOfTheUserWin() {
		this.runner
			.withBean("own", FailoverConnectionDetails.class,
					() -> FailoverConnectionDetails.of(List.of(TestBrokers.broker("mine")),
							(broker) -> BrokerCredentials.of("me", "mine")))
			.run((context) -> {
				assertThat(context.getBean(FailoverConnectionFactory.class).getUsername()).isEqualTo("me");
				assertThat(context).hasSingleBean(FailoverConnectionDetails.class);
				assertThat(context.getBean(Brokers.class).getAll()).containsExactly(TestBrokers.broker("mine"));
			});
	}

	@Test
	void failoverConnectionFactoryOfTheUserWins() {
		this.runner.withUserConfiguration(OwnFailoverConnectionFactory.class).run((context) -> {
			assertThat(context).hasSingleBean(FailoverConnectionFactory.class);
			assertThat(context.getBean(CachingConnectionFactory.class).getRabbitConnectionFactory())
				.isSameAs(context.getBean("own"));
		});
	}

	@Test
	void reconnectorIsThatOfSpringByDefault() {
		this.runner.run((context) -> assertThat(context).getBean(Reconnector.class)
			.isInstanceOf(SpringReconnector.class)
			.extracting(Reconnector::getNext)
			.extracting(Broker::name)
			.isEqualTo("a:5672"));
	}

	@Test
	void reconnectorOfTheUserWins() {
		Reconnector own = new OwnReconnector();
		this.runner.withBean("own", Reconnector.class, () -> own)
			.run((context) -> assertThat(context).getBean(Reconnector.class).isSameAs(own));
	}

	@ParameterizedTest
	@ValueSource(strings = { "round-robin", "priority" })
	void strategyIsChosenByName(String name) {
		this.bare
			.withPropertyValues("failover.brokers[0].uri=amqp://a", "failover.brokers[0].priority=2",
					"failover.brokers[1].uri=amqp://b", "failover.brokers[1].priority=1", "failover.strategy=" + name)
			.run((context) -> assertThat(next(context)).isEqualTo(name.equals("priority") ? "b:5672" : "a:5672"));
	}

	@Test
	void strategyOfTheUserIsChosenByItsName() {
		this.runner.withBean("last-first", FailoverStrategy.class, () -> FailoverRabbitBeansTests::lastFirst)
			.withPropertyValues("failover.strategy=last-first")
			.run((context) -> assertThat(next(context)).isEqualTo("b:1234"));
	}

	@Test
	void strategyOfTheUserReplacesTheShippedOneOfThatName() {
		this.runner.withBean("round-robin", FailoverStrategy.class, () -> FailoverRabbitBeansTests::lastFirst)
			.run((context) -> assertThat(next(context)).isEqualTo("b:1234"));
	}

	@ParameterizedTest
	@ValueSource(strings = { "round-robin", "shuffle", "priority", "weighted" })
	void beanOfAnotherTypeDoesNotReplaceTheShippedStrategyOfThatName(String name) {
		this.bare.withBean(name, String.class, () -> "of the application")
			.withPropertyValues("failover.brokers[0].uri=amqp://a", "failover.brokers[0].priority=2",
					"failover.brokers[1].uri=amqp://b", "failover.brokers[1].priority=1", "failover.strategy=" + name)
			.run((context) -> {
				assertThat(context).getBean(name).isEqualTo("of the application");
				assertThat(context.getBean(FailoverConnectionFactory.class).getStrategy().getClass().getSimpleName())
					.isEqualToIgnoringCase(name.replace("-", "") + "Strategy");
			});
	}

	@Test
	void shippedStrategiesLeaveTheirNamesToTheApplication() {
		this.runner.run((context) -> assertThat(context.getBeanDefinitionNames()).doesNotContain("round-robin",
				"shuffle", "priority", "weighted"));
	}

	@Test
	void shippedStrategiesAreBeansOfWhichNoneIsInjectedByType() {
		this.runner.run((context) -> {
			assertThat(context.getBeansOfType(FailoverStrategy.class)).containsOnlyKeys("failoverRoundRobinStrategy",
					"failoverShuffleStrategy", "failoverPriorityStrategy", "failoverWeightedStrategy");
			assertThat(context.getBean(FailoverConnectionFactory.class).getStrategy())
				.isSameAs(context.getBean("failoverRoundRobinStrategy"));
		});
		this.runner.withBean("mine", FailoverStrategy.class, () -> FailoverRabbitBeansTests::lastFirst)
			.withBean(StrategyUser.class)
			.run((context) -> assertThat(context.getBean(StrategyUser.class).strategy())
				.isSameAs(context.getBean("mine")));
	}

	@Test
	void strategyOfAParentContextIsChosenByItsName() {
		new ApplicationContextRunner()
			.withBean("last-first", FailoverStrategy.class, () -> FailoverRabbitBeansTests::lastFirst)
			.run((parent) -> this.runner.withParent(parent)
				.withPropertyValues("failover.strategy=last-first")
				.run((context) -> assertThat(next(context)).isEqualTo("b:1234")));
	}

	@Test
	void beanThatIsNoStrategyIsNamed() {
		this.runner.withBean("mine", String.class, () -> "of the application")
			.withPropertyValues("failover.strategy=mine")
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.isInstanceOf(InvalidFailoverPropertyException.class)
				.hasMessageContaining("the bean of that name is no FailoverStrategy"));
	}

	@Test
	void customizersReachTheFactoryOfEachBroker() {
		natives((factories, context) -> assertThat(factories).extracting(com.rabbitmq.client.ConnectionFactory::getHost)
			.containsExactlyInAnyOrder("a", "b"));
	}

	@Test
	void connectTimeoutIsThatOfTcpAndOfEachPhaseOfTheHandshake() {
		natives((factories, context) -> {
			assertThat(factories).hasSize(2)
				.extracting(com.rabbitmq.client.ConnectionFactory::getConnectionTimeout)
				.containsOnly(700);
			assertThat(factories).extracting(com.rabbitmq.client.ConnectionFactory::getHandshakeTimeout)
				.containsOnly(1400);
		}, "failover.connect.timeout=700ms", "spring.rabbitmq.connection-timeout=9s");
	}

	@Test
	void clientSettingsOfSpringBootReachTheFactoryOfEachBroker() {
		natives((factories, context) -> {
			assertThat(factories).hasSize(2)
				.extracting(com.rabbitmq.client.ConnectionFactory::getRequestedHeartbeat)
				.containsOnly(7);
			assertThat(factories).extracting(com.rabbitmq.client.ConnectionFactory::getChannelRpcTimeout)
				.containsOnly(4000);
			assertThat(factories).extracting(com.rabbitmq.client.ConnectionFactory::getRequestedChannelMax)
				.containsOnly(99);
		}, "spring.rabbitmq.requested-heartbeat=7s", "spring.rabbitmq.channel-rpc-timeout=4s",
				"spring.rabbitmq.requested-channel-max=99");
	}

	@Test
	void channelOperationsEndSoonerThanThoseOfTheClientLibrary() {
		natives((factories, context) -> {
			assertThat(factories).hasSize(2)
				.extracting(com.rabbitmq.client.ConnectionFactory::getChannelRpcTimeout)
				.containsOnly(10_000);
			assertThat(factories).extracting(com.rabbitmq.client.ConnectionFactory::isAutomaticRecoveryEnabled)
				.containsOnly(false);
		});
	}

	@Test
	void cacheSettingsOfSpringBootApply() {
		this.runner
			.withPropertyValues("spring.rabbitmq.cache.connection.mode=connection",
					"spring.rabbitmq.cache.connection.size=3", "spring.rabbitmq.cache.channel.size=9")
			.run((context) -> {
				CachingConnectionFactory factory = context.getBean(CachingConnectionFactory.class);
				assertThat(factory.getCacheMode()).isEqualTo(CachingConnectionFactory.CacheMode.CONNECTION);
				assertThat(factory.getConnectionCacheSize()).isEqualTo(3);
				assertThat(factory.getChannelCacheSize()).isEqualTo(9);
			});
	}

	@ParameterizedTest
	@CsvSource({ "none, false, false, false", "simple, false, true, false", "correlated, true, false, true",
			"correlated, true, false, false" })
	void confirmsAndReturnsAreThoseThatTheUserSet(String type, boolean correlated, boolean simple, boolean returns) {
		this.runner
			.withPropertyValues("spring.rabbitmq.publisher-confirm-type=" + type,
					"spring.rabbitmq.publisher-returns=" + returns)
			.run((context) -> {
				CachingConnectionFactory factory = context.getBean(CachingConnectionFactory.class);
				assertThat(factory.isPublisherConfirms()).isEqualTo(correlated);
				assertThat(factory.isSimplePublisherConfirms()).isEqualTo(simple);
				assertThat(factory.isPublisherReturns()).isEqualTo(returns);
				assertThat(factory).isNotInstanceOf(PromptConnectionFactory.class);
			});
	}

	@Test
	void returnsThatTheUserHasNotSetKeepNoChannelOpen() {
		this.runner.run((context) -> assertThat(context.getBean(CachingConnectionFactory.class))
			.isInstanceOf(PromptConnectionFactory.class)
			.matches(CachingConnectionFactory::isPublisherReturns));
	}

	@Test
	void springBootsOwnConnectionFactoryIsUsedWhenFailoverIsDisabled() {
		this.runner.withPropertyValues("failover.enabled=false", "spring.rabbitmq.host=plain.example.com")
			.run((context) -> {
				assertThat(context).doesNotHaveBean(FailoverConnectionFactory.class)
					.doesNotHaveBean(FailoverConnectionDetails.class)
					.doesNotHaveBean(Brokers.class)
					.doesNotHaveBean(Reconnector.class)
					.doesNotHaveBean(FailoverStrategy.class);
				CachingConnectionFactory factory = context.getBean(CachingConnectionFactory.class);
				assertThat(factory.getRabbitConnectionFactory())
					.isExactlyInstanceOf(com.rabbitmq.client.ConnectionFactory.class);
			});
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', textBlock = """
			spring.rabbitmq.host=h                          | [spring.rabbitmq.host] is ignored
			spring.rabbitmq.addresses=amqp://u:secret@h     | [spring.rabbitmq.addresses] is ignored
			spring.rabbitmq.port=1,spring.rabbitmq.host=h   | [spring.rabbitmq.host, spring.rabbitmq.port] are ignored
			""")
	void ignoredSettingsOfSpringBootAreWarnedOf(String properties, String warning, CapturedOutput output) {
		this.runner.withPropertyValues(properties.split(","))
			.run((context) -> assertThat(context.getBean(Brokers.class).getAll()).extracting(Broker::host)
				.containsExactly("a", "b"));
		assertThat(output.getAll().lines().filter((line) -> line.contains("ignored"))).singleElement()
			.asString()
			.contains("WARN")
			.contains(warning + ", because failover.brokers is set");
		assertThat(output).doesNotContain("secret");
	}

	@Test
	void settingsOfSpringBootThatAreReplacedAreWarnedOfInOneLine(CapturedOutput output) {
		this.runner
			.withPropertyValues("spring.rabbitmq.host=h", "spring.rabbitmq.connection-timeout=1s",
					"spring.rabbitmq.address-shuffle-mode=random")
			.run((context) -> assertThat(context).hasNotFailed());
		assertThat(output.getAll().lines().filter((line) -> line.contains("ignored"))).singleElement()
			.asString()
			.endsWith("[spring.rabbitmq.host] is ignored, because failover.brokers is set; "
					+ "spring.rabbitmq.address-shuffle-mode is ignored, use failover.strategy; "
					+ "spring.rabbitmq.connection-timeout is ignored, use failover.connect.timeout");
	}

	@Test
	void settingsOfSpringBootThatAreUsedAreNotWarnedOf(CapturedOutput output) {
		this.runner
			.withPropertyValues("spring.rabbitmq.username=u", "spring.rabbitmq.virtual-host=v",
					"spring.rabbitmq.requested-heartbeat=5s")
			.run((context) -> assertThat(context).hasNotFailed());
		this.bare.withPropertyValues("spring.rabbitmq.host=h").run((context) -> assertThat(context).hasNotFailed());
		assertThat(output).doesNotContain("ignored");
	}

	private void natives(Natives check, String... properties) {
		List<com.rabbitmq.client.ConnectionFactory> factories = new ArrayList<>();
		this.runner.withBean(ConnectionFactoryCustomizer.class, () -> factories::add)
			.withPropertyValues(properties)
			.run((context) -> {
				assertThat(context).hasNotFailed();
				check.accept(factories, context);
			});
	}

	private static String next(ApplicationContext context) {
		Broker next = context.getBean(FailoverConnectionFactory.class).getNext();
		return (next != null) ? next.name() : "none";
	}

	private static List<Broker> lastFirst(List<BrokerStatus> brokers, @Nullable Broker previous) {
		List<Broker> order = new ArrayList<>();
		brokers.forEach((status) -> order.add(0, status.broker()));
		return order;
	}

	/**
	 * Checks the native factories.
	 */
	@FunctionalInterface
	interface Natives {

		void accept(List<com.rabbitmq.client.ConnectionFactory> factories, ApplicationContext context);

	}

	/**
	 * Application with a failover connection factory of its own.
	 */
	@Configuration(proxyBeanMethods = false)
	static class OwnFailoverConnectionFactory {

		@Bean
		FailoverConnectionFactory own(Brokers brokers) {
			return new FailoverConnectionFactory(brokers, new RoundRobinStrategy(),
					(broker) -> new com.rabbitmq.client.ConnectionFactory(), ConnectSettings.DEFAULTS);
		}

	}

	/**
	 * Reconnector of an application.
	 */
	static final class OwnReconnector implements Reconnector {

		@Override
		public void reconnect(Duration timeout) throws IOException {
			throw new IOException("not expected");
		}

		@Override
		public boolean awaitActive(Duration timeout) {
			return false;
		}

		@Override
		public @Nullable Broker getNext() {
			return null;
		}

	}

	record StrategyUser(FailoverStrategy strategy) {

	}

}
