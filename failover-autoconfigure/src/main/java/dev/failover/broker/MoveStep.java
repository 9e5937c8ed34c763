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
 * The steps of a planned move, in their order.
 */
public enum MoveStep {

	/**
	 * Connections to the new broker are opened, its topology is declared, and consumers
	 * are subscribed there. Includes the wait for a move that was asked for before.
	 */
	PREPARE,

	/**
	 * The new broker becomes the active one.
	 */
	SWITCH,

	/**
	 * New work goes to the new broker: idle channels to the old one are closed.
	 */
	FOLLOW,

	/**
	 * What was under way on the old broker ends, and its connections are closed.
	 */
	CLOSE

}
