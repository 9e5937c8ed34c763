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

import java.util.List;
import java.util.Map;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.springframework.amqp.rabbit.connection.AbstractConnectionFactory;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.beans.factory.BeanFactoryUtils;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.SmartInitializingSingleton;

import dev.failover.autoconfigure.InvalidFailoverPropertyException;
import dev.failover.broker.Broker;
import dev.failover.broker.Brokers;
import dev.failover.connection.FailoverConnectionFactory;

/**
 * Finds connection factories of the application that connect past the brokers. It is an
 * error if brokers are configured and no connection factory connects to them: whether one
 * does can be told only when it has been created.
 */
final class ConnectionFactoryCheck implements SmartInitializingSingleton {

	private static final Log logger = LogFactory.getLog(ConnectionFactoryCheck.class);

	private static final String BUILD = "build it on the bean of type FailoverConnectionFactory, as in "
			+ "new CachingConnectionFactory(failoverConnectionFactory)";

	private final ListableBeanFactory beanFactory;

	ConnectionFactoryCheck(ListableBeanFactory beanFactory) {
		this.beanFactory = beanFactory;
	}

	@Override
	public void afterSingletonsInstantiated() {
		Brokers brokers = this.beanFactory.getBeanProvider(Brokers.class).getIfAvailable();
		if (brokers == null) {
			logger.warn("Nothing fails over, because the application defines its own connection factory and no "
					+ "failover.brokers: remove that bean, or set failover.brokers and " + BUILD
					+ ". With failover.enabled=false this warning goes away");
			return;
		}
		Map<String, ConnectionFactory> all = BeanFactoryUtils.beansOfTypeIncludingAncestors(this.beanFactory,
				ConnectionFactory.class);
		if (!all.isEmpty() && all.values().stream().noneMatch(ConnectionFactoryCheck::mayFailOver)) {
			throw new InvalidFailoverPropertyException("failover.brokers", brokers.getAll().toString(),
					"nothing would fail over, because %s of the application connects past them".formatted(all.keySet()),
					"Remove that connection factory, or %s. Otherwise set failover.enabled=false".formatted(BUILD));
		}
		warn(all);
		warnOfSingleBroker(brokers.getAll());
	}

	private void warn(Map<String, ConnectionFactory> all) {
		ConnectionFactory candidate = this.beanFactory.getBeanProvider(ConnectionFactory.class).getIfUnique();
		if (all.size() > 1 && candidate == null) {
			logger.warn("@Ensure has no effect, and there is no FailoverTemplate, because there are several connection "
					+ "factories: mark the one that fails over as @Primary");
		}
		if (candidate != null && !mayFailOver(candidate)) {
			logger.warn("@Ensure and the RabbitTemplate do not fail over, because the primary connection factory "
					+ "connects past the brokers: mark the one that fails over as @Primary");
		}
	}

	private void warnOfSingleBroker(List<Broker> brokers) {
		if (brokers.size() == 1) {
			logger.warn("There is nothing to fail over to, because there is one broker only: %s. List all brokers in "
				.formatted(brokers.get(0)) + "failover.brokers, or in spring.rabbitmq.addresses if they share user and "
					+ "password");
		}
	}

	/**
	 * One that hides its native factory is taken for one that fails over.
	 */
	static boolean mayFailOver(ConnectionFactory connectionFactory) {
		if (!(connectionFactory instanceof AbstractConnectionFactory known)) {
			return true;
		}
		Object target = known.getRabbitConnectionFactory();
		return target == null || target instanceof FailoverConnectionFactory;
	}

}
