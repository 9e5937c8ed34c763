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

package dev.failover.broker;

import java.net.ConnectException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

import org.jspecify.annotations.Nullable;

/**
 * No broker could be connected to. The message lists the last failure of each broker,
 * without secrets.
 */
public class BrokersUnavailableException extends ConnectException {

	private final transient Map<Broker, BrokerFailure> failures;

	/**
	 * Create an exception for a pass over all brokers that failed.
	 * @param message what was tried
	 * @param failures the failure of each broker, in the order in which they were tried
	 * @param cause the last failure, or {@code null}
	 */
	public BrokersUnavailableException(String message, Map<Broker, BrokerFailure> failures, @Nullable Throwable cause) {
		super(describe(message, failures));
		this.failures = Collections.unmodifiableMap(new LinkedHashMap<>(failures));
		if (cause != null) {
			initCause(cause);
		}
	}

	/**
	 * Create an exception of the same failure for another caller.
	 * @param original the exception that the pass ended with
	 */
	public BrokersUnavailableException(BrokersUnavailableException original) {
		super(original.getMessage());
		this.failures = original.getFailures();
		initCause(original);
	}

	private static String describe(String message, Map<Broker, BrokerFailure> failures) {
		StringBuilder description = new StringBuilder(message);
		failures.forEach((broker,
				failure) -> description.append("; ").append(broker.name()).append(": ").append(failure.description()));
		return description.toString();
	}

	/**
	 * Return the failures of the pass.
	 * @return the failure of each broker in the order in which they were tried, not
	 * modifiable, empty after deserialization
	 */
	public Map<Broker, BrokerFailure> getFailures() {
		return (this.failures != null) ? this.failures : Map.of();
	}

}
