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

/**
 * Why an application stays on its active broker although there is a reason to leave it.
 */
public enum SwitchSuppression {

	/**
	 * The active broker is blocked by a resource alarm, and there is no other one that
	 * could be used.
	 */
	NO_OTHER_BROKER,

	/**
	 * Another broker answers again, and is not used yet, as it has failed again and
	 * again.
	 */
	HELD_BACK,

	/**
	 * An operator holds switches.
	 */
	HELD

}
