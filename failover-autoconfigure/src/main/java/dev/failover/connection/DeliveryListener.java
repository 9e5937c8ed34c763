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

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Command;
import com.rabbitmq.client.Method;
import com.rabbitmq.client.TrafficListener;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

/**
 * Tells an observer of each message that a broker delivers.
 */
final class DeliveryListener implements TrafficListener {

	private static final Log logger = LogFactory.getLog(ConnectionObservers.class);

	private final String broker;

	private final ConnectionObserver observer;

	private final TrafficListener next;

	DeliveryListener(String broker, ConnectionObserver observer, TrafficListener next) {
		this.broker = broker;
		this.observer = observer;
		this.next = next;
	}

	@Override
	public void write(Command outboundCommand) {
		this.next.write(outboundCommand);
	}

	@Override
	public void read(Command inboundCommand) {
		Method method = inboundCommand.getMethod();
		if (method instanceof AMQP.Basic.Deliver || method instanceof AMQP.Basic.GetOk) {
			try {
				this.observer.delivered(this.broker);
			}
			catch (RuntimeException ex) {
				logger.error("Observer %s failed".formatted(this.observer), ex);
			}
		}
		this.next.read(inboundCommand);
	}

}
