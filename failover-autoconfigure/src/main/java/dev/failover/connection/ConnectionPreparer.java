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
 * Makes a new connection ready before anything uses it, so that the application finds on
 * its broker what it needs: for example by declaring the topology.
 * <p>
 * Called for the connection that makes a broker the active one, before it becomes it, for
 * standby connections, and for the one on which a broker beside the active one is
 * consumed from. Further connections to the active broker are not prepared.
 * <p>
 * The call is part of the attempt to connect. It runs on a thread of the connection
 * factory, holds no lock, and has what is left of the connect time-out: when that is
 * over, the connection is closed, and whatever waits on it ends. It must use the given
 * connection alone: Spring's connection factory may be waiting for its outcome. Calls for
 * different brokers may run at the same time.
 *
 * @see FailoverConnectionFactory#addPreparer(ConnectionPreparer)
 */
@FunctionalInterface
public interface ConnectionPreparer {

	/**
	 * Prepare a connection.
	 * @param connection the connection, open and not in use yet; must not be closed
	 * @throws SpentConnectionException if the broker can serve the application, but on
	 * another connection only, which is opened then; this one is left to the preparer
	 * @throws IOException if the broker cannot serve the application; it counts as having
	 * failed then, as for any other exception, and the next broker is tried
	 */
	void prepare(OpenConnection connection) throws IOException;

}
