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

import dev.failover.broker.Broker;

/**
 * Renews what applications log in to brokers with. It is asked once when a broker has
 * refused the login, before another broker is connected to; the time-out of that connect
 * goes on meanwhile.
 */
@FunctionalInterface
public interface CredentialsRefresh {

	/**
	 * Renew the credentials. May block, and is called by several threads at once.
	 * @param broker the broker that has refused the login
	 * @return whether another login to that broker is worth a try
	 */
	boolean refresh(Broker broker);

}
