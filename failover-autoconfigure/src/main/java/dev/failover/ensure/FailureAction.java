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

package dev.failover.ensure;

/**
 * What can cure a failure.
 */
public enum FailureAction {

	/**
	 * Give the broker up, connect to the next one, and try again.
	 */
	NEXT_BROKER,

	/**
	 * Try again on the same broker with a new channel, after a pause.
	 */
	SAME_BROKER,

	/**
	 * Like {@link #SAME_BROKER} the first time; if the same happens again, nothing: what
	 * was done is to blame, and would only harm others.
	 */
	SAME_BROKER_ONCE,

	/**
	 * Like {@link #SAME_BROKER} the first time; if the same happens again,
	 * {@link #NEXT_BROKER}.
	 */
	SAME_THEN_NEXT_BROKER,

	/**
	 * Nothing: the failure is the caller's own or no failure of a broker at all.
	 */
	NEVER

}
