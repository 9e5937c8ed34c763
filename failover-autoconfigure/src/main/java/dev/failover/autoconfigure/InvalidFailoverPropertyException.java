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

import org.springframework.util.Assert;

/**
 * A property of failover has a value that cannot be used.
 */
public class InvalidFailoverPropertyException extends RuntimeException {

	private final String property;

	private final String value;

	private final String reason;

	private final String action;

	/**
	 * Create an exception.
	 * @param property the full name of the property
	 * @param value the value, free of secrets
	 * @param reason what is wrong with it, free of secrets
	 * @param action how to mend it
	 */
	public InvalidFailoverPropertyException(String property, String value, String reason, String action) {
		super("Invalid value '%s' of property '%s': %s".formatted(value, property, reason));
		Assert.hasText(property, "'property' must not be empty");
		this.property = property;
		this.value = value;
		this.reason = reason;
		this.action = action;
	}

	/**
	 * Return the name of the property.
	 * @return the full name
	 */
	public String getProperty() {
		return this.property;
	}

	/**
	 * Return the value that cannot be used.
	 * @return the value with secrets masked
	 */
	public String getValue() {
		return this.value;
	}

	/**
	 * Return what is wrong with the value.
	 * @return the reason
	 */
	public String getReason() {
		return this.reason;
	}

	/**
	 * Return how to mend it.
	 * @return the advice
	 */
	public String getAction() {
		return this.action;
	}

}
