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

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.concurrent.ConcurrentHashMap;

import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.DestructionAwareBeanPostProcessor;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerCredentials;
import dev.failover.broker.Brokers;
import dev.failover.broker.EventStage;
import dev.failover.template.FailoverTemplate;

/**
 * Has the events of {@link Brokers} logged and published, those of a user's own bean,
 * too.
 */
final class BrokerEventsPostProcessor implements DestructionAwareBeanPostProcessor {

	private final ObjectProvider<BrokerEventPublisher> publisher;

	private final ObjectProvider<FailoverConnectionDetails> details;

	private final Set<FailoverTemplate> templates = Collections
		.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));

	private final Map<Brokers, BrokerEventLogger> loggers = new ConcurrentHashMap<>();

	BrokerEventsPostProcessor(ObjectProvider<BrokerEventPublisher> publisher,
			ObjectProvider<FailoverConnectionDetails> details) {
		this.publisher = publisher;
		this.details = details;
	}

	@Override
	public @Nullable Object postProcessAfterInitialization(Object bean, String beanName) {
		if (bean instanceof Brokers brokers) {
			BrokerEventLogger logger = new BrokerEventLogger((broker) -> user(brokers, broker),
					SwitchLog.withThread(this::inFlight));
			this.loggers.put(brokers, logger);
			brokers.addListener(logger, EventStage.REPORTS);
			brokers.addListener(this.publisher.getObject(), EventStage.REPORTS);
		}
		else if (bean instanceof FailoverTemplate template) {
			this.templates.add(template);
		}
		return bean;
	}

	@Override
	public boolean requiresDestruction(Object bean) {
		return bean instanceof Brokers || bean instanceof FailoverTemplate;
	}

	@Override
	public void postProcessBeforeDestruction(Object bean, String beanName) {
		this.templates.remove(bean);
		BrokerEventLogger logger = (bean instanceof Brokers brokers) ? this.loggers.remove(brokers) : null;
		if (logger != null) {
			logger.close();
		}
	}

	private List<Integer> inFlight() {
		return List.copyOf(this.templates).stream().map((template) -> template.getPublishStatus().inFlight()).toList();
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
