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

package dev.failover.test;

import java.net.URI;

/**
 * A broker that belongs to a test: it can be started, stopped, killed and restarted at
 * any time, and keeps its address over all of that. All methods may be called from any
 * thread; calls that change the broker's state exclude each other and return when the new
 * state is reached.
 */
public interface TestBroker extends AutoCloseable {

	/**
	 * Return the broker's name, unique within the JVM unless the test chose it.
	 * @return the name
	 */
	String name();

	/**
	 * Return the host that the broker listens on.
	 * @return an address of the loopback interface
	 */
	String host();

	/**
	 * Return the port for AMQP 0-9-1 without TLS. It is reserved when the broker is
	 * built, and stays the same for the broker's life, also while it is down.
	 * @return the port
	 */
	int port();

	/**
	 * Return the first of the broker's users.
	 * @return the user's name
	 */
	String username();

	/**
	 * Return the password of the first user.
	 * @return the password
	 */
	String password();

	/**
	 * Return the first of the broker's virtual hosts.
	 * @return the virtual host
	 */
	String virtualHost();

	/**
	 * Start the broker, and return when it accepts AMQP connections. Does nothing if it
	 * runs already. Durable queues and their persistent messages are those from before
	 * the broker was stopped or killed.
	 * @throws IllegalStateException if the broker did not start
	 */
	void start();

	/**
	 * Stop the broker in an orderly way: its clients are told. Does nothing if it is
	 * down.
	 */
	void stop();

	/**
	 * End the broker without warning: its clients are not told, their connections just
	 * end. Does nothing if it is down.
	 */
	void kill();

	/**
	 * Return whether the broker is up.
	 * @return whether the broker was started, and neither stopped nor killed
	 */
	boolean isRunning();

	/**
	 * End the broker for good, and free all that it holds. The broker cannot be started
	 * again.
	 */
	@Override
	void close();

	/**
	 * {@link #stop() Stop} the broker if it runs, and {@link #start() start} it.
	 */
	default void restart() {
		stop();
		start();
	}

	/**
	 * Return the AMQP URI of the broker, user, password and virtual host included. The
	 * virtual host {@code /} is left out, as it is what clients assume.
	 * @return the URI
	 */
	default URI uri() {
		return AmqpUris.create("amqp", username(), password(), host(), port(), virtualHost());
	}

}
