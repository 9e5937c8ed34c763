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

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.amqp.autoconfigure.RabbitConnectionDetails;
import org.springframework.boot.amqp.autoconfigure.RabbitProperties;
import org.springframework.boot.context.properties.PropertyMapper;
import org.springframework.boot.ssl.NoSuchSslBundleException;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.util.Assert;

import dev.failover.autoconfigure.InvalidFailoverPropertyException;
import dev.failover.broker.Broker;

/**
 * TLS settings of brokers: the SSL bundle of the broker, else that of Spring Boot's
 * settings for RabbitMQ, else the stores in them.
 */
final class BrokerTls {

	private static final String BUNDLE = "spring.rabbitmq.ssl.bundle";

	private static final String ACTION = "Check locations, types and passwords; a location begins with file: or classpath:";

	private final Function<Broker, RabbitConnectionDetails> rabbitDetails;

	private final RabbitProperties properties;

	private final @Nullable SslBundles sslBundles;

	BrokerTls(Function<Broker, RabbitConnectionDetails> rabbitDetails, RabbitProperties properties,
			@Nullable SslBundles sslBundles) {
		this.rabbitDetails = rabbitDetails;
		this.properties = properties;
		this.sslBundles = sslBundles;
	}

	/**
	 * Return the SSL bundle of Spring Boot's settings.
	 * @return the bundle, or {@code null} if they name none
	 * @throws InvalidFailoverPropertyException if there is no bundle of that name
	 */
	static @Nullable SslBundle bundle(RabbitConnectionDetails details) {
		try {
			return details.getSslBundle();
		}
		catch (NoSuchSslBundleException ex) {
			throw new InvalidFailoverPropertyException(BUNDLE, ex.getBundleName(),
					"there is no SSL bundle of that name",
					"Define it below 'spring.ssl.bundle', or use the name of one that is defined");
		}
	}

	void configure(BrokerConnectionFactoryBean bean, Broker broker) {
		RabbitProperties.Ssl ssl = this.properties.getSsl();
		bean.setEnableHostnameVerification(ssl.isVerifyHostname());
		SslBundle bundle = bundle(broker);
		bean.setSslBundle(bundle);
		if (bundle == null) {
			configure(bean, ssl);
		}
	}

	private @Nullable SslBundle bundle(Broker broker) {
		if (broker.sslBundle() == null) {
			return bundle(this.rabbitDetails.apply(broker));
		}
		Assert.state(this.sslBundles != null,
				() -> "Broker '%s' has an SSL bundle, but there are none".formatted(broker.name()));
		return this.sslBundles.getBundle(broker.sslBundle());
	}

	private static void configure(BrokerConnectionFactoryBean bean, RabbitProperties.Ssl ssl) {
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

	/**
	 * Make the factory, which loads keys and certificates.
	 * @throws InvalidFailoverPropertyException if they cannot be loaded
	 */
	void load(BrokerConnectionFactoryBean bean, Broker broker) {
		try {
			bean.afterPropertiesSet();
		}
		catch (RuntimeException ex) {
			throw broker.tls() ? invalid(broker, ex) : ex;
		}
	}

	private InvalidFailoverPropertyException invalid(Broker broker, RuntimeException failure) {
		String reason = "keys or certificates cannot be loaded: " + NestedExceptionUtils.getMostSpecificCause(failure);
		RabbitProperties.Ssl ssl = this.properties.getSsl();
		if (broker.sslBundle() != null) {
			return new InvalidFailoverPropertyException("spring.ssl.bundle", broker.sslBundle(), reason, ACTION);
		}
		if (bundle(this.rabbitDetails.apply(broker)) != null) {
			return new InvalidFailoverPropertyException(BUNDLE, String.valueOf(ssl.getBundle()), reason, ACTION);
		}
		Map<String, String> stores = new LinkedHashMap<>();
		PropertyMapper map = PropertyMapper.get();
		map.from(ssl::getKeyStore).to((location) -> stores.put("key-store", location));
		map.from(ssl::getTrustStore).to((location) -> stores.put("trust-store", location));
		return new InvalidFailoverPropertyException("spring.rabbitmq.ssl", stores.toString(), reason, ACTION);
	}

}
