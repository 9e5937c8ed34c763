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

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.springframework.amqp.rabbit.connection.AbstractConnectionFactory;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.SmartInitializingSingleton;

import dev.failover.connection.FailoverConnectionFactory;

/**
 * Warns of an application whose own connection factories have replaced the one that fails
 * over, or leave open which one of them is to be used.
 */
final class UnusedFactoryWarning implements SmartInitializingSingleton {

	private static final Log logger = LogFactory.getLog(UnusedFactoryWarning.class);

	private final ObjectProvider<ConnectionFactory> connectionFactories;

	UnusedFactoryWarning(ObjectProvider<ConnectionFactory> connectionFactories) {
		this.connectionFactories = connectionFactories;
	}

	@Override
	public void afterSingletonsInstantiated() {
		List<ConnectionFactory> all = this.connectionFactories.stream().toList();
		if (all.size() > 1 && this.connectionFactories.getIfUnique() == null) {
			logger.warn("@Ensure has no effect, and there is no FailoverTemplate, because there are several connection "
					+ "factories: mark the one that fails over as @Primary");
		}
		if (!all.isEmpty() && all.stream().noneMatch(UnusedFactoryWarning::mayFailOver)) {
			logger.warn("Nothing fails over: the application defines its own connection factory, which connects past "
					+ "the configured brokers. Remove it, build it on the bean of type FailoverConnectionFactory, "
					+ "as in new CachingConnectionFactory(failoverConnectionFactory), or set failover.enabled=false");
		}
	}

	/**
	 * One that hides its native factory is taken for one that fails over.
	 */
	private static boolean mayFailOver(ConnectionFactory connectionFactory) {
		return !(connectionFactory instanceof AbstractConnectionFactory known)
				|| known.getRabbitConnectionFactory() instanceof FailoverConnectionFactory;
	}

}
