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

import java.io.IOException;

/**
 * A connection that was being prepared is not fit for the application, but its broker is:
 * another connection is opened and prepared instead, within the same time. The connection
 * is left to the {@link ConnectionPreparer} that throws this, and ends with the
 * connection factory at the latest.
 */
public class SpentConnectionException extends IOException {

	/**
	 * Create an exception.
	 * @param message what is wrong with the connection
	 */
	public SpentConnectionException(String message) {
		super(message);
	}

}
