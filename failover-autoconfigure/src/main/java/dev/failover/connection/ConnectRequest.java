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

package dev.failover.connection;

import java.util.regex.Pattern;

import com.rabbitmq.client.AddressResolver;
import org.jspecify.annotations.Nullable;

/**
 * What a connection is opened with.
 *
 * @param name the name of the connection, as the broker shows it
 * @param publisher whether the connection is used for publishing only
 * @param aside whether the connection is not one of the application: whoever opens it
 * tells what has become of it
 */
record ConnectRequest(@Nullable String name, boolean publisher, boolean aside) {

	/**
	 * The end of the names that Spring gives to connections of a publisher connection
	 * factory by default, or appends to the name of the application's choice.
	 */
	private static final Pattern PUBLISHER = Pattern.compile("\\.publisher(#[0-9a-f]+:[0-9]+)?$");

	/**
	 * Create a request of a factory that may have told its purpose.
	 */
	static ConnectRequest of(AddressResolver resolver, @Nullable String name) {
		boolean publisher = (resolver instanceof ConnectionPurpose purpose) ? purpose == ConnectionPurpose.PUBLISHING
				: name != null && PUBLISHER.matcher(name).find();
		return new ConnectRequest(name, publisher, false);
	}

	static ConnectRequest named(String name) {
		return new ConnectRequest(name, false, true);
	}

}
