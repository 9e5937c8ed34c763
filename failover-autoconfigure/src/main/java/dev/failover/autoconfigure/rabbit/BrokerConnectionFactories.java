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
import java.util.List;
import java.util.function.Function;

import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.impl.DefaultCredentialsProvider;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.amqp.autoconfigure.ConnectionFactoryCustomizer;
import org.springframework.boot.amqp.autoconfigure.RabbitConnectionDetails;
import org.springframework.boot.amqp.autoconfigure.RabbitConnectionFactoryBeanConfigurer;
import org.springframework.boot.amqp.autoconfigure.RabbitProperties;
import org.springframework.boot.ssl.SslBundles;

import dev.failover.autoconfigure.FailoverConnectionDetails;
import dev.failover.broker.Broker;
import dev.failover.broker.BrokerCredentials;
import dev.failover.broker.Brokers;

/**
 * Makes the native connection factory of a broker out of Spring Boot's settings for
 * RabbitMQ, except for those that belong to the broker.
 */
final class BrokerConnectionFactories {

	private static final Duration CHANNEL_RPC_TIMEOUT = Duration.ofSeconds(10);

	private static final Duration HEARTBEAT = Duration.ofSeconds(10);

	private final Brokers brokers;

	private final FailoverConnectionDetails details;

	private final RabbitProperties properties;

	private final RabbitConnectionFactoryBeanConfigurer configurer;

	private final List<ConnectionFactoryCustomizer> customizers;

	private final BrokerTls tls;

	BrokerConnectionFactories(Brokers brokers, FailoverConnectionDetails details,
			Function<Broker, RabbitConnectionDetails> rabbitDetails, RabbitProperties properties,
			RabbitConnectionFactoryBeanConfigurer configurer, List<ConnectionFactoryCustomizer> customizers,
			@Nullable SslBundles sslBundles) {
		this.brokers = brokers;
		this.details = details;
		this.properties = properties;
		this.configurer = configurer;
		this.customizers = customizers;
		this.tls = new BrokerTls(rabbitDetails, properties, sslBundles);
	}

	/**
	 * Make the factory of a broker.
	 * @param connectTimeout how long each phase of a connect may take
	 * @param rpcTimeoutConfigured whether the time-out of channel operations is the
	 * user's choice
	 */
	ConnectionFactory create(Broker broker, Duration connectTimeout, boolean rpcTimeoutConfigured) {
		BrokerConnectionFactoryBean bean = new BrokerConnectionFactoryBean();
		this.configurer.configure(bean);
		bean.setHost(broker.host());
		bean.setPort(broker.port());
		bean.setVirtualHost(broker.virtualHost());
		BrokerCredentials credentials = this.brokers.getCredentials(broker);
		if (credentials != null && this.details.hasOwnCredentials(broker)) {
			bean.setCredentialsProvider(new DefaultCredentialsProvider(credentials.username(), credentials.password()));
		}
		bean.setUseSSL(broker.tls());
		if (broker.tls()) {
			this.tls.configure(bean, broker);
		}
		bean.setConnectionTimeout((int) connectTimeout.toMillis());
		if (!rpcTimeoutConfigured) {
			bean.setChannelRpcTimeout((int) CHANNEL_RPC_TIMEOUT.toMillis());
		}
		if (this.properties.getRequestedHeartbeat() == null) {
			bean.setRequestedHeartbeat((int) HEARTBEAT.toSeconds());
		}
		this.tls.load(bean, broker);
		ConnectionFactory factory = bean.getRabbitConnectionFactory();
		factory.setHandshakeTimeout(handshakeTimeout(connectTimeout));
		this.customizers.forEach((customizer) -> customizer.customize(factory));
		return factory;
	}

	/**
	 * The client library waits half of the handshake time-out for each answer.
	 */
	private static int handshakeTimeout(Duration connectTimeout) {
		return (int) Math.min(2 * connectTimeout.toMillis(), Integer.MAX_VALUE);
	}

}
