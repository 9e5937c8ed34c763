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

import com.rabbitmq.client.ConnectionFactory;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;

/**
 * {@link CachingConnectionFactory} whose connections are there for as long as it has
 * users when the application context is closed. They are closed before that otherwise: a
 * template that still waits for confirms would open another one, and send again what is
 * not confirmed.
 */
class LastingConnectionFactory extends CachingConnectionFactory {

	LastingConnectionFactory(ConnectionFactory target) {
		super(target);
	}

	/**
	 * Close the connections, unless this factory is going to be destroyed, which closes
	 * them after its users.
	 */
	@Override
	public void stop() {
		if (!getContextStopped()) {
			super.stop();
		}
	}

}
