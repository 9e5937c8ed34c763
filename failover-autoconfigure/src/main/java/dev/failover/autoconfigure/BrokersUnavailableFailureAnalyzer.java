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

import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerFailure;
import dev.failover.broker.BrokersUnavailableException;
import dev.failover.broker.FailureReason;

/**
 * Tells why each broker could not be connected to while the application started.
 */
final class BrokersUnavailableFailureAnalyzer extends AbstractFailureAnalyzer<BrokersUnavailableException> {

	@Override
	protected FailureAnalysis analyze(Throwable rootFailure, BrokersUnavailableException cause) {
		Map<Broker, BrokerFailure> failures = cause.getFailures();
		String description = failures.entrySet()
			.stream()
			.map((entry) -> "    - %s: %s".formatted(entry.getKey(), entry.getValue()))
			.collect(Collectors.joining("%n".formatted(),
					"These brokers could not be connected to while the application started:%n%n".formatted(), ""));
		return new FailureAnalysis(description, action(failures), cause);
	}

	private static String action(Map<Broker, BrokerFailure> failures) {
		Set<FailureReason> reasons = EnumSet.noneOf(FailureReason.class);
		failures.values().forEach((failure) -> reasons.add(failure.reason()));
		StringBuilder action = new StringBuilder();
		if (reasons.contains(FailureReason.ACCESS_REFUSED)) {
			action.append("Check user, password and virtual host of the brokers that refused the access,"
					+ " and the permissions of the user. ");
		}
		if (reasons.contains(FailureReason.TLS)) {
			action.append("Check certificates, host names and 'ssl-bundle' of the brokers where TLS failed. ");
		}
		if (!EnumSet.of(FailureReason.ACCESS_REFUSED, FailureReason.TLS).containsAll(reasons) || reasons.isEmpty()) {
			action.append("Check that the brokers run, and that host and port are right. ");
		}
		return action.append("With 'failover.startup=lazy' the application starts without a broker.").toString();
	}

}
