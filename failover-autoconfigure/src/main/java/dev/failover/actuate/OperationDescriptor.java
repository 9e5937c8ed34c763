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

package dev.failover.actuate;

import java.time.Instant;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.OperationResponseBody;

/**
 * Description of something that an operator has asked for.
 *
 * @param operation what was asked for
 * @param broker the name of the broker, or {@code null} if it is about none
 * @param force whether it was to be done at once
 * @param at when it was asked for
 * @param state what has become of it
 * @param reason why it has failed, or {@code null} if it has not
 */
public record OperationDescriptor(String operation, @Nullable String broker, boolean force, Instant at, State state,
		@Nullable String reason) implements OperationResponseBody {

	/**
	 * What has become of something that an operator has asked for.
	 */
	public enum State {

		/**
		 * It is under way.
		 */
		RUNNING,

		/**
		 * It is done.
		 */
		DONE,

		/**
		 * It has not been done.
		 */
		FAILED

	}

}
