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

package dev.failover.autoconfigure.detection;

import java.net.http.HttpClient;
import java.util.function.Function;

import javax.net.ssl.SSLContext;

import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Lazy;
import org.springframework.core.env.Environment;
import org.springframework.util.StringUtils;

import dev.failover.autoconfigure.FailoverConnectionDetails;
import dev.failover.autoconfigure.FailoverProperties;
import dev.failover.autoconfigure.rabbit.FailoverRabbitAutoConfiguration;
import dev.failover.broker.Broker;
import dev.failover.broker.Brokers;
import dev.failover.connection.FailoverConnectionFactory;
import dev.failover.detection.BrokerHealthCheck;
import dev.failover.detection.BrokerHealthChecks;
import dev.failover.detection.HealthCheckSettings;
import dev.failover.detection.ManagementHealthCheck;

/**
 * {@link EnableAutoConfiguration Auto-configuration} of the health checks of brokers that
 * answer.
 */
@AutoConfiguration(after = FailoverRabbitAutoConfiguration.class)
@ConditionalOnBean(FailoverConnectionFactory.class)
public final class FailoverHealthCheckAutoConfiguration {

	@Bean
	@Lazy(false)
	@ConditionalOnMissingBean
	BrokerHealthChecks failoverBrokerHealthChecks(Brokers brokers, ListableBeanFactory beanFactory,
			FailoverProperties properties) {
		FailoverProperties.HealthCheck settings = properties.getHealthCheck();
		return new BrokerHealthChecks(brokers, beanFactory.getBeansOfType(BrokerHealthCheck.class),
				new HealthCheckSettings(settings.getPolicy(), settings.getInterval(), settings.getTimeout()));
	}

	/**
	 * The health check over HTTP, where the JDK has the module for that.
	 */
	@Configuration(proxyBeanMethods = false)
	@ConditionalOnClass(HttpClient.class)
	static class ManagementConfiguration {

		private static final String BUNDLE = "spring.rabbitmq.ssl.bundle";

		@Bean
		@ConditionalOnMissingBean
		ManagementHealthCheck failoverManagementHealthCheck(FailoverConnectionDetails details,
				ObjectProvider<SslBundles> sslBundles, Environment environment, FailoverProperties properties) {
			return new ManagementHealthCheck(details::getManagement, contexts(sslBundles, environment),
					properties.getHealthCheck().getTimeout());
		}

		/**
		 * With what connections to the broker are opened, too, as far as it is in an SSL
		 * bundle.
		 */
		private static Function<Broker, @Nullable SSLContext> contexts(ObjectProvider<SslBundles> sslBundles,
				Environment environment) {
			return (broker) -> {
				SslBundles bundles = sslBundles.getIfAvailable();
				String name = (broker.sslBundle() != null) ? broker.sslBundle() : environment.getProperty(BUNDLE);
				return (StringUtils.hasText(name) && bundles != null) ? bundles.getBundle(name).createSslContext()
						: null;
			};
		}

	}

}
