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

package dev.failover.listener;

/**
 * Which brokers listener containers consume from.
 */
public enum ConsumedBrokers {

	/**
	 * The active broker; and one that was left in a planned move or because of an alarm,
	 * until it is empty.
	 */
	ACTIVE,

	/**
	 * The active broker, and one healthy broker of each cluster that the active one does
	 * not belong to. Brokers that report no cluster are taken for independent ones. One
	 * that has not been connected to yet is not consumed from: nobody knows which it is.
	 */
	AUTO,

	/**
	 * Every healthy broker, also one that has not been connected to yet. Those that
	 * report the same cluster, and so have the same queues, count as one.
	 */
	ALL

}
