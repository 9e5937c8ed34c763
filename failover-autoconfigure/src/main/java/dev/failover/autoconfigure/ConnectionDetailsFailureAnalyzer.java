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
import org.springframework.beans.factory.NoUniqueBeanDefinitionException;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.core.Ordered;

/**
 * Explains what to do about several {@code RabbitConnectionDetails}, two Testcontainers
 * for example, of which Spring Boot takes exactly one. Comes before the analyzer for
 * beans of any type, which knows no other remedy than a primary bean: that one alone
 * would be the only broker.
 */
final class ConnectionDetailsFailureAnalyzer extends AbstractFailureAnalyzer<NoUniqueBeanDefinitionException>
		implements Ordered {

	/**
	 * A name, as the class moves between versions of Spring Boot.
	 */
	private static final String TYPE = "RabbitConnectionDetails";

	@Override
	protected @Nullable FailureAnalysis analyze(Throwable rootFailure, NoUniqueBeanDefinitionException cause) {
		Class<?> type = cause.getBeanType();
		if (type == null || !type.getSimpleName().equals(TYPE)) {
			return null;
		}
		return new FailureAnalysis(
				"There are several beans of type %s: %s%n%nBrokers are taken from a single one, which may list several addresses."
					.formatted(TYPE, cause.getBeanNamesFound()),
				"List the brokers in 'failover.brokers' to fail over between them, and mark one of the beans as @Primary: "
						+ "it provides what the list leaves out, such as an SSL bundle.",
				cause);
	}

	@Override
	public int getOrder() {
		return Ordered.HIGHEST_PRECEDENCE;
	}

}
