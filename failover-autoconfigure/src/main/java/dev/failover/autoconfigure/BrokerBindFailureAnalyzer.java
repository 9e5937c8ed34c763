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
import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.UnboundConfigurationPropertiesException;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.core.Ordered;

/**
 * Tells what is wrong with the entries of {@code failover.brokers} and of
 * {@code spring.rabbitmq.addresses} without their values, which may contain passwords.
 * Comes before the analyzers that print values.
 */
final class BrokerBindFailureAnalyzer extends AbstractFailureAnalyzer<BindException> implements Ordered {

	private static final ConfigurationPropertyName BROKERS = ConfigurationPropertyName.of("failover.brokers");

	private static final ConfigurationPropertyName ADDRESSES = ConfigurationPropertyName
		.of("spring.rabbitmq.addresses");

	@Override
	protected @Nullable FailureAnalysis analyze(Throwable rootFailure, BindException cause) {
		if (cause.getProperty() != null && ADDRESSES.equals(cause.getProperty().getName())) {
			return new FailureAnalysis(
					"Property '%s' cannot be used:%n%n    Reason: an address is neither a host with a port nor an AMQP URL"
						.formatted(ADDRESSES),
					"Write addresses like host:5672 or amqp://user:password@host:5672, separated by commas.", cause);
		}
		if (!BROKERS.equals(cause.getName())) {
			return null;
		}
		String reason = (findCause(cause, UnboundConfigurationPropertiesException.class) != null)
				? "there are gaps between its entries" : "an entry is neither a URL nor an object";
		return new FailureAnalysis("Property '%s' cannot be used:%n%n    Reason: %s".formatted(BROKERS, reason),
				"Number the entries from 0 without gaps, each of them a URL or an object with a 'uri'.", cause);
	}

	@Override
	public int getOrder() {
		return Ordered.HIGHEST_PRECEDENCE;
	}

}
