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

package dev.failover.autoconfigure.compatibility;

import org.jspecify.annotations.Nullable;

/**
 * A library on the class path has a version that cannot be used.
 */
final class IncompatibleVersionException extends RuntimeException {

	private final String action;

	/**
	 * Create an exception.
	 * @param library the name of the library
	 * @param found the version that was found, {@code null} if it is missing
	 * @param needed the version that is needed
	 * @param action how to fix it
	 */
	IncompatibleVersionException(String library, @Nullable String found, String needed, String action) {
		super("Failover needs %s %s or a later patch release, but found %s".formatted(library, needed,
				(found != null) ? found : "none"));
		this.action = action;
	}

	String getAction() {
		return this.action;
	}

}
