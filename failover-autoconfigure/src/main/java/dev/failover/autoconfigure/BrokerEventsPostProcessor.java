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

import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanPostProcessor;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerCredentials;
import dev.failover.broker.Brokers;
import dev.failover.broker.EventStage;

/**
 * Has the events of {@link Brokers} logged and published, those of a user's own bean,
 * too.
 */
final class BrokerEventsPostProcessor implements BeanPostProcessor {

	private final ObjectProvider<BrokerEventPublisher> publisher;

	private final ObjectProvider<FailoverConnectionDetails> details;

	BrokerEventsPostProcessor(ObjectProvider<BrokerEventPublisher> publisher,
			ObjectProvider<FailoverConnectionDetails> details) {
		this.publisher = publisher;
		this.details = details;
	}

	@Override
	public @Nullable Object postProcessAfterInitialization(Object bean, String beanName) {
		if (bean instanceof Brokers brokers) {
			brokers.addListener(new BrokerEventLogger((broker) -> user(brokers, broker)), EventStage.REPORTS);
			brokers.addListener(this.publisher.getObject(), EventStage.REPORTS);
		}
		return bean;
	}

	/**
	 * A credentials provider may log in as somebody else unless they are the broker's
	 * own.
	 */
	private @Nullable String user(Brokers brokers, Broker broker) {
		BrokerCredentials credentials = brokers.getCredentials(broker);
		if (credentials == null) {
			return null;
		}
		FailoverConnectionDetails known = this.details.getIfAvailable();
		return (known != null && known.hasOwnCredentials(broker)) ? credentials.username() : null;
	}

}
