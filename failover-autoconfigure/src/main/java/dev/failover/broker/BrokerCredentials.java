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

import org.springframework.util.Assert;

/**
 * User and password that a broker is logged in to with. They are kept apart from the
 * {@link Broker}, which is shown to everybody in events, statuses and messages.
 * <p>
 * Nothing that turns objects into text shows them: no getter is one of a bean, no field
 * is serialized, and {@link #toString()} masks both.
 */
public final class BrokerCredentials {

	private static final String MASK = "******";

	private static final int UNMISTAKABLE = 6;

	// transient, so that serializers that read fields leave them out
	private final transient String username;

	private final transient String password;

	private BrokerCredentials(String username, String password) {
		Assert.notNull(username, "'username' must not be null");
		Assert.notNull(password, "'password' must not be null");
		this.username = username;
		this.password = password;
	}

	/**
	 * Create credentials.
	 * @param username the user to log in with
	 * @param password the password of that user
	 * @return the credentials
	 */
	public static BrokerCredentials of(String username, String password) {
		return new BrokerCredentials(username, password);
	}

	/**
	 * Return the user to log in with.
	 * @return the user
	 */
	public String username() {
		return this.username;
	}

	/**
	 * Return the password of the user.
	 * @return the password, in clear
	 */
	public String password() {
		return this.password;
	}

	/**
	 * Mask the password wherever it stands in a text. A short one, which may be part of
	 * an ordinary word, is recognised in URLs only.
	 */
	String mask(String text) {
		if (this.password.isEmpty()) {
			return text;
		}
		String masked = text.replace(":" + this.password + "@", ":" + MASK + "@");
		return (this.password.length() >= UNMISTAKABLE) ? masked.replace(this.password, MASK) : masked;
	}

	@Override
	public boolean equals(Object other) {
		return other instanceof BrokerCredentials that && this.username.equals(that.username)
				&& this.password.equals(that.password);
	}

	@Override
	public int hashCode() {
		return 31 * this.username.hashCode() + this.password.hashCode();
	}

	@Override
	public String toString() {
		return MASK + ":" + MASK;
	}

}
