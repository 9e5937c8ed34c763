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

import dev.failover.autoconfigure.InvalidFailoverPropertyException;

/**
 * A property whose value is a URL. What is wrong with it is told without its password.
 *
 * @param name the name of the property
 * @param value the value of the property, without white space around it
 */
record UrlProperty(String name, String value) {

	/**
	 * Make sure that something is as it has to be.
	 * @param valid whether it is
	 * @param reason what is wrong otherwise
	 * @param action what to do about it
	 * @throws InvalidFailoverPropertyException if it is not
	 */
	void check(boolean valid, String reason, String action) {
		if (!valid) {
			throw invalid(reason, action);
		}
	}

	/**
	 * Return what to throw.
	 * @param reason what is wrong
	 * @param action what to do about it
	 */
	InvalidFailoverPropertyException invalid(String reason, String action) {
		return new InvalidFailoverPropertyException(this.name, BrokerUrlMask.mask(this.value), reason, action);
	}

	/**
	 * Decode a part of the URL.
	 * @throws InvalidFailoverPropertyException if it is not percent-encoded properly
	 */
	String decode(String encoded) {
		String decoded = PercentDecoder.decode(encoded);
		if (decoded == null) {
			throw invalid("it has a '%' that is not followed by the two hexadecimal digits of a UTF-8 byte",
					"Percent-encode '%' itself as %25");
		}
		return decoded;
	}

}
