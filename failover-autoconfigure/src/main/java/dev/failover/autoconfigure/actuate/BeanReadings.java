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

package dev.failover.autoconfigure.actuate;

import java.util.Map;
import java.util.TreeMap;

import org.springframework.beans.factory.ListableBeanFactory;

import dev.failover.actuate.FailoverReadings;
import dev.failover.autoconfigure.FailoverProperties;
import dev.failover.broker.Broker;
import dev.failover.broker.Reconnector;
import dev.failover.connection.FailoverConnectionFactory;
import dev.failover.listener.BrokerDrains;
import dev.failover.template.FailoverTemplate;
import dev.failover.template.PublishStatus;

/**
 * {@link FailoverReadings} of the beans of the application.
 */
final class BeanReadings implements FailoverReadings {

	private final ListableBeanFactory beanFactory;

	private final Map<String, Object> settings;

	BeanReadings(ListableBeanFactory beanFactory, FailoverProperties properties) {
		this.beanFactory = beanFactory;
		this.settings = new SettingsInForce(properties).asMap();
	}

	@Override
	public int getStandbyConnections(String broker) {
		return this.beanFactory.getBeanProvider(FailoverConnectionFactory.class)
			.stream()
			.mapToInt((factory) -> factory.getStandbyConnections(broker))
			.sum();
	}

	@Override
	public long getDrainRemaining(Broker broker) {
		return this.beanFactory.getBeanProvider(BrokerDrains.class)
			.stream()
			.mapToLong((drains) -> drains.getRemaining(broker))
			.sum();
	}

	@Override
	public int getCallersWaiting() {
		return this.beanFactory.getBeanProvider(Reconnector.class).stream().mapToInt(Reconnector::getWaiting).sum();
	}

	@Override
	public Map<String, PublishStatus> getPublishers() {
		Map<String, PublishStatus> publishers = new TreeMap<>();
		this.beanFactory.getBeansOfType(FailoverTemplate.class, false, false)
			.forEach((name, template) -> publishers.put(name, template.getPublishStatus()));
		return publishers;
	}

	@Override
	public Map<String, Object> getSettings() {
		return this.settings;
	}

}
