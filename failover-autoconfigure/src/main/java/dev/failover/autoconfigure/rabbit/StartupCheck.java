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

package dev.failover.autoconfigure.rabbit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.TimeoutException;

import com.rabbitmq.client.Connection;
import org.springframework.context.SmartLifecycle;

import dev.failover.autoconfigure.FailoverProperties.Startup;
import dev.failover.connection.FailoverConnectionFactory;

/**
 * Connects to as many brokers as must answer before the application is up, ahead of the
 * listener containers.
 */
final class StartupCheck implements SmartLifecycle {

	private final FailoverConnectionFactory connectionFactory;

	private final Startup policy;

	private final Duration timeout;

	private volatile boolean running;

	StartupCheck(FailoverConnectionFactory connectionFactory, Startup policy, Duration timeout) {
		this.connectionFactory = connectionFactory;
		this.policy = policy;
		this.timeout = timeout;
	}

	@Override
	public void start() {
		try {
			switch (this.policy) {
				case LAZY -> {
				}
				case ONE -> checkOne();
				case ALL -> this.connectionFactory.checkAll();
			}
			this.running = true;
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private void checkOne() throws IOException {
		try {
			Connection connection = this.connectionFactory.newConnection("failover-startup");
			connection.abort((int) this.timeout.toMillis());
		}
		catch (TimeoutException ex) {
			throw new IOException("No broker answered in time", ex);
		}
	}

	@Override
	public void stop() {
		this.running = false;
	}

	@Override
	public boolean isRunning() {
		return this.running;
	}

	@Override
	public int getPhase() {
		return Integer.MIN_VALUE + 1;
	}

}
