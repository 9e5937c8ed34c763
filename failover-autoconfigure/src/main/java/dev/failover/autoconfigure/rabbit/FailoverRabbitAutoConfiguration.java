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

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.impl.CredentialsProvider;
import org.springframework.amqp.core.AmqpAdmin;
import org.springframework.amqp.rabbit.connection.AbstractConnectionFactory;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.LazyInitializationExcludeFilter;
import org.springframework.boot.amqp.autoconfigure.CachingConnectionFactoryConfigurer;
import org.springframework.boot.amqp.autoconfigure.ConnectionFactoryCustomizer;
import org.springframework.boot.amqp.autoconfigure.RabbitConnectionDetails;
import org.springframework.boot.amqp.autoconfigure.RabbitConnectionFactoryBeanConfigurer;
import org.springframework.boot.amqp.autoconfigure.RabbitProperties;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Lazy;
import org.springframework.core.env.Environment;

import dev.failover.autoconfigure.BrokerProperties;
import dev.failover.autoconfigure.FailoverAutoConfiguration;
import dev.failover.autoconfigure.FailoverConnectionDetails;
import dev.failover.autoconfigure.FailoverProperties;
import dev.failover.broker.Broker;
import dev.failover.broker.Brokers;
import dev.failover.broker.Reconnector;
import dev.failover.connection.ConnectSettings;
import dev.failover.connection.ConnectionPreparer;
import dev.failover.connection.FailoverConnectionFactory;
import dev.failover.connection.PlannedMoves;
import dev.failover.connection.SpringReconnector;
import dev.failover.strategy.FailoverStrategy;
import dev.failover.topology.TopologyGate;
import dev.failover.topology.TopologyPostProcessor;

/**
 * {@link EnableAutoConfiguration Auto-configuration} of the connection factory that fails
 * over.
 */
@AutoConfiguration(after = FailoverAutoConfiguration.class,
		beforeName = { "org.springframework.boot.amqp.autoconfigure.RabbitAutoConfiguration",
				"org.springframework.boot.rabbitmq.autoconfigure.RabbitAutoConfiguration" })
@ConditionalOnClass({ RabbitTemplate.class, Channel.class, RabbitConnectionDetails.class })
@ConditionalOnBean(Brokers.class)
public final class FailoverRabbitAutoConfiguration {

	@Bean
	@ConditionalOnMissingBean
	FailoverConnectionDetails failoverConnectionDetails(FailoverProperties properties,
			RabbitProperties rabbitProperties, RabbitConnectionDetails rabbitDetails,
			ObjectProvider<SslBundles> sslBundles, Environment environment,
			ConfigurableListableBeanFactory beanFactory) {
		List<BrokerProperties> brokers = properties.getBrokers();
		boolean joined = SeveralConnectionDetails.areJoined(beanFactory);
		UserSettings.warnOfIgnored(environment, brokers != null,
				(joined && brokers != null) ? SeveralConnectionDetails.names(beanFactory) : List.of());
		if (brokers == null) {
			IgnoredBrokerSettings.rejectUnlisted(environment);
			new UnknownProperties(environment).rejectMisspelledBrokers();
			Predicate<RabbitConnectionDetails> tls = (details) -> BrokerTls.bundle(details) != null
					|| rabbitProperties.getSsl().determineEnabled();
			return joined
					? new JoinedConnectionDetails(
							beanFactory.getBeanProvider(RabbitConnectionDetails.class).orderedStream().toList(), tls)
					: new RabbitFailoverConnectionDetails(rabbitDetails, tls.test(rabbitDetails));
		}
		return new ConfiguredConnectionDetails(brokers, environment, (latest) -> {
			IgnoredBrokerSettings.rejectKeys(environment);
			Collection<String> bundles = sslBundles.stream().flatMap((all) -> all.getBundleNames().stream()).toList();
			return new PropertiesFailoverConnectionDetails(latest, BrokerDefaults.of(rabbitProperties), bundles);
		});
	}

	@Bean
	static SeveralConnectionDetails failoverSeveralConnectionDetails() {
		return new SeveralConnectionDetails();
	}

	@Bean
	@ConditionalOnMissingBean
	FailoverConnectionFactory failoverConnectionFactory(Brokers brokers, ListableBeanFactory beanFactory,
			FailoverProperties properties, Environment environment, FailoverConnectionDetails details,
			RabbitConnectionDetails rabbitDetails, RabbitProperties rabbitProperties,
			RabbitConnectionFactoryBeanConfigurer configurer, ObjectProvider<ConnectionFactoryCustomizer> customizers,
			ObjectProvider<SslBundles> sslBundles, ObjectProvider<ConnectionPreparer> preparers,
			ObjectProvider<CredentialsProvider> credentials) {
		FailoverStrategy strategy = FailoverStrategies.get(properties.getStrategy(), beanFactory);
		FailoverProperties.Connect connect = properties.getConnect();
		boolean rpcTimeoutConfigured = UserSettings.isSet(environment, "spring.rabbitmq.channel-rpc-timeout");
		Function<Broker, RabbitConnectionDetails> owners = (details instanceof JoinedConnectionDetails joined)
				? joined::getOwner : (broker) -> rabbitDetails;
		BrokerConnectionFactories factories = new BrokerConnectionFactories(brokers, details, owners, rabbitProperties,
				configurer, customizers.orderedStream().toList(), sslBundles.getIfAvailable());
		FailoverConnectionFactory factory = new FailoverConnectionFactory(brokers, strategy,
				(broker) -> factories.create(broker, connect.getTimeout(), rpcTimeoutConfigured),
				new ConnectSettings(connect.getTimeout(), connect.getRaceDelay(), properties.isStandby(),
						properties.getMove().getTimeout()));
		preparers.orderedStream().forEach(factory::addPreparer);
		credentials
			.ifUnique((provider) -> factory.setCredentialsRefresh(new ProvidedCredentialsRefresh(details, provider)));
		return factory;
	}

	@Bean
	@ConditionalOnMissingBean(ConnectionFactory.class)
	CachingConnectionFactory rabbitConnectionFactory(FailoverConnectionFactory failoverConnectionFactory,
			CachingConnectionFactoryConfigurer configurer, FailoverProperties properties, Brokers brokers,
			Environment environment) {
		return caching(failoverConnectionFactory, addresses(brokers.getAll()), configurer, properties, environment);
	}

	private static CachingConnectionFactory caching(com.rabbitmq.client.ConnectionFactory target, String addresses,
			CachingConnectionFactoryConfigurer configurer, FailoverProperties properties, Environment environment) {
		boolean returnsSet = UserSettings.isSet(environment, "spring.rabbitmq.publisher-returns");
		CachingConnectionFactory factory = returnsSet ? new LastingConnectionFactory(target)
				: new PromptConnectionFactory(target);
		configurer.configure(factory);
		factory.setAddresses(addresses);
		factory.setAddressShuffleMode(AbstractConnectionFactory.AddressShuffleMode.NONE);
		factory.setCloseTimeout((int) properties.getConnect().getTimeout().toMillis());
		if (!returnsSet) {
			// a channel without returns is opened again behind the back of whoever uses
			// it
			factory.setPublisherReturns(true);
		}
		return factory;
	}

	@Bean
	@ConditionalOnMissingBean
	TopologyGate failoverTopologyGate(Brokers brokers, ApplicationContext context, FailoverProperties properties) {
		FailoverProperties.Topology topology = properties.getTopology();
		return new TopologyGate(brokers, context, topology.isRedeclareManualDeclarations(),
				declareTimeout(topology, properties.getConnect()));
	}

	/**
	 * Nothing that is not declared is to end the attempt to connect.
	 */
	private static Duration declareTimeout(FailoverProperties.Topology topology, FailoverProperties.Connect connect) {
		Duration most = connect.getTimeout().dividedBy(2);
		return (topology.getDeclareTimeout().compareTo(most) > 0) ? most : topology.getDeclareTimeout();
	}

	@Bean
	static TopologyPostProcessor failoverTopologyPostProcessor(ObjectProvider<TopologyGate> gate) {
		return new TopologyPostProcessor(gate);
	}

	/**
	 * Nothing else asks for an admin before the first connection, for which it declares.
	 */
	@Bean
	static LazyInitializationExcludeFilter failoverEagerAdmins() {
		return LazyInitializationExcludeFilter.forBeanTypes(AmqpAdmin.class);
	}

	@Bean
	static ConnectionPurposePostProcessor failoverConnectionPurposePostProcessor() {
		return new ConnectionPurposePostProcessor();
	}

	/**
	 * It has to see all connections from the first one on.
	 */
	@Bean
	@Lazy(false)
	@ConditionalOnMissingBean
	PlannedMoves failoverPlannedMoves(Brokers brokers, FailoverConnectionFactory failoverConnectionFactory,
			FailoverProperties properties) {
		return new PlannedMoves(brokers, failoverConnectionFactory.getBrokerAccess(),
				properties.getMove().getTimeout());
	}

	@Bean
	StartupCheck failoverStartupCheck(FailoverConnectionFactory connectionFactory, FailoverProperties properties) {
		return new StartupCheck(connectionFactory, properties.getStartup(), properties.getConnect().getTimeout());
	}

	@Bean
	ShutdownGuard failoverShutdownGuard(FailoverConnectionFactory connectionFactory, FailoverProperties properties) {
		return new ShutdownGuard(connectionFactory, properties.getShutdownTimeout());
	}

	@Bean
	@ConditionalOnMissingBean(Reconnector.class)
	@ConditionalOnSingleCandidate(ConnectionFactory.class)
	SpringReconnector failoverReconnector(Brokers brokers, FailoverConnectionFactory failoverConnectionFactory,
			ConnectionFactory connectionFactory) {
		ConnectionFactory publisher = connectionFactory.getPublisherConnectionFactory();
		ConnectionFactory target = (publisher != null) ? publisher : connectionFactory;
		return new SpringReconnector(brokers, failoverConnectionFactory, () -> target.createConnection().close());
	}

	private static String addresses(List<Broker> brokers) {
		return brokers.stream().map(FailoverRabbitAutoConfiguration::address).collect(Collectors.joining(","));
	}

	private static String address(Broker broker) {
		String host = broker.host();
		return ((host.indexOf(':') >= 0) ? "[" + host + "]" : host) + ":" + broker.port();
	}

}
