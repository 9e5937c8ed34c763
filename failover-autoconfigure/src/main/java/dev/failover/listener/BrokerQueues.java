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

import java.util.OptionalInt;

import org.springframework.amqp.AmqpIOException;
import org.springframework.amqp.core.AmqpAdmin;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.core.RabbitAdmin;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.util.StringUtils;

import dev.failover.failure.CloseReason;

/**
 * Tells which queues there are on one broker. It declares none: that was done when the
 * connection was opened.
 */
final class BrokerQueues {

	private final RabbitTemplate template;

	private final AmqpAdmin admin;

	BrokerQueues(ConnectionFactory connectionFactory) {
		this.template = new RabbitTemplate(connectionFactory);
		this.admin = new RabbitAdmin(this.template);
	}

	/**
	 * Return an admin for the containers of that broker, which would look for one of
	 * their own otherwise.
	 */
	AmqpAdmin admin() {
		return this.admin;
	}

	/**
	 * Return whether a queue can be consumed from by other connections, too.
	 */
	static boolean isShared(Queue queue) {
		return !queue.isExclusive() && StringUtils.hasText(queue.getName());
	}

	boolean exists(String queue) {
		return count(queue).isPresent();
	}

	/**
	 * Return whether a queue has no message that waits to be delivered, or does not
	 * exist.
	 */
	boolean isEmpty(String queue) {
		return count(queue).orElse(0) == 0;
	}

	/**
	 * Unlike {@link RabbitAdmin#getQueueProperties}, tell a queue that does not exist, or
	 * belongs to another connection, from a broker that does not answer.
	 */
	private OptionalInt count(String queue) {
		try {
			Integer count = this.template.execute((channel) -> channel.queueDeclarePassive(queue).getMessageCount());
			return (count != null) ? OptionalInt.of(count) : OptionalInt.empty();
		}
		catch (AmqpIOException ex) {
			if (isAbsent(ex)) {
				return OptionalInt.empty();
			}
			throw ex;
		}
	}

	private static boolean isAbsent(Throwable thrown) {
		CloseReason reason = CloseReason.in(thrown);
		return reason == CloseReason.NOT_FOUND || reason == CloseReason.RESOURCE_LOCKED;
	}

}
