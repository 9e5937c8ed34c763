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

import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.impl.DefaultCredentialsProvider;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.amqp.autoconfigure.ConnectionFactoryCustomizer;
import org.springframework.boot.amqp.autoconfigure.RabbitConnectionDetails;
import org.springframework.boot.amqp.autoconfigure.RabbitConnectionFactoryBeanConfigurer;
import org.springframework.boot.amqp.autoconfigure.RabbitProperties;
import org.springframework.boot.context.properties.PropertyMapper;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.util.Assert;

import dev.failover.autoconfigure.FailoverConnectionDetails;
import dev.failover.broker.Broker;

/**
 * Makes the native connection factory of a broker out of Spring Boot's settings for
 * RabbitMQ, except for those that belong to the broker.
 */
final class BrokerConnectionFactories {

	private static final Duration CHANNEL_RPC_TIMEOUT = Duration.ofSeconds(10);

	private static final Duration HEARTBEAT = Duration.ofSeconds(10);

	private final FailoverConnectionDetails details;

	private final RabbitConnectionDetails rabbitDetails;

	private final RabbitProperties properties;

	private final RabbitConnectionFactoryBeanConfigurer configurer;

	private final List<ConnectionFactoryCustomizer> customizers;

	private final @Nullable SslBundles sslBundles;

	BrokerConnectionFactories(FailoverConnectionDetails details, RabbitConnectionDetails rabbitDetails,
			RabbitProperties properties, RabbitConnectionFactoryBeanConfigurer configurer,
			List<ConnectionFactoryCustomizer> customizers, @Nullable SslBundles sslBundles) {
		this.details = details;
		this.rabbitDetails = rabbitDetails;
		this.properties = properties;
		this.configurer = configurer;
		this.customizers = customizers;
		this.sslBundles = sslBundles;
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
		if (this.details.hasOwnCredentials(broker)) {
			bean.setCredentialsProvider(new DefaultCredentialsProvider(broker.username(), broker.password()));
		}
		bean.setUseSSL(broker.tls());
		if (broker.tls()) {
			configureTls(bean, broker);
		}
		bean.setConnectionTimeout((int) connectTimeout.toMillis());
		if (!rpcTimeoutConfigured) {
			bean.setChannelRpcTimeout((int) CHANNEL_RPC_TIMEOUT.toMillis());
		}
		if (this.properties.getRequestedHeartbeat() == null) {
			bean.setRequestedHeartbeat((int) HEARTBEAT.toSeconds());
		}
		bean.afterPropertiesSet();
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

	private void configureTls(BrokerConnectionFactoryBean bean, Broker broker) {
		RabbitProperties.Ssl ssl = this.properties.getSsl();
		bean.setEnableHostnameVerification(ssl.isVerifyHostname());
		SslBundle bundle = sslBundle(broker);
		bean.setSslBundle(bundle);
		if (bundle == null) {
			configureTls(bean, ssl);
		}
	}

	private @Nullable SslBundle sslBundle(Broker broker) {
		if (broker.sslBundle() == null) {
			return this.rabbitDetails.getSslBundle();
		}
		Assert.state(this.sslBundles != null,
				() -> "Broker '%s' has an SSL bundle, but there are none".formatted(broker.name()));
		return this.sslBundles.getBundle(broker.sslBundle());
	}

	private static void configureTls(BrokerConnectionFactoryBean bean, RabbitProperties.Ssl ssl) {
		PropertyMapper map = PropertyMapper.get();
		map.from(ssl::getAlgorithm).to(bean::setSslAlgorithm);
		map.from(ssl::getKeyStoreType).to(bean::setKeyStoreType);
		map.from(ssl::getKeyStore).to(bean::setKeyStore);
		map.from(ssl::getKeyStorePassword).to(bean::setKeyStorePassphrase);
		map.from(ssl::getKeyStoreAlgorithm).to(bean::setKeyStoreAlgorithm);
		map.from(ssl::getTrustStoreType).to(bean::setTrustStoreType);
		map.from(ssl::getTrustStore).to(bean::setTrustStore);
		map.from(ssl::getTrustStorePassword).to(bean::setTrustStorePassphrase);
		map.from(ssl::getTrustStoreAlgorithm).to(bean::setTrustStoreAlgorithm);
		bean.setSkipServerCertificateValidation(!ssl.isValidateServerCertificate());
	}

}
