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

package dev.failover.detection;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import org.jspecify.annotations.Nullable;

/**
 * Asks RabbitMQ what identifies the node at the other end of a connection. Its server
 * properties name the cluster alone. But the reply name that it gives to a consumer of
 * direct replies is one of a process of that node: it holds a hash of the node's name,
 * and a number that differs for each run of a node, also of nodes with the same name. A
 * message that cannot be routed comes back with it, and nothing is declared for that.
 */
final class NodeIdentity {

	private static final String REPLY_TO = "amq.rabbitmq.reply-to";

	/**
	 * A process in the external term format: a tag, the node as an atom with its length
	 * before it, id, serial, and the number of the node's run.
	 */
	private static final byte TERM = (byte) 131;

	private static final byte NEW_PID = 88;

	private static final byte SMALL_ATOM = 119;

	private static final byte ATOM = 118;

	private final Duration timeout;

	NodeIdentity(Duration timeout) {
		this.timeout = timeout;
	}

	/**
	 * Ask for the identity. The connection should be one that nothing else is done on: a
	 * broker blocks one that has published as long as there is an alarm.
	 * @return the identity, or {@code null} if the broker does not tell
	 * @throws IOException if the broker does not answer, or the user may not publish to
	 * the default exchange
	 */
	@Nullable String ask(Connection connection) throws IOException, TimeoutException, InterruptedException {
		if (!repliesDirectly(connection)) {
			return null;
		}
		Channel channel = connection.createChannel();
		if (channel == null) {
			throw new IOException("The connection has no channel left");
		}
		try {
			BlockingQueue<String> replyTo = new ArrayBlockingQueue<>(1);
			channel
				.addReturnListener((returned) -> replyTo.offer(String.valueOf(returned.getProperties().getReplyTo())));
			channel.basicConsume(REPLY_TO, true, (tag, delivery) -> {
			}, (tag) -> {
			});
			channel.basicPublish("", "failover-node-" + UUID.randomUUID(), true,
					new AMQP.BasicProperties.Builder().replyTo(REPLY_TO).build(), new byte[0]);
			String returned = replyTo.poll(this.timeout.toNanos(), TimeUnit.NANOSECONDS);
			return (returned != null) ? parse(returned) : null;
		}
		finally {
			channel.abort();
		}
	}

	private static boolean repliesDirectly(Connection connection) {
		Map<String, Object> properties = connection.getServerProperties();
		return properties != null && properties.get("capabilities") instanceof Map<?, ?> capabilities
				&& Boolean.TRUE.equals(capabilities.get("direct_reply_to"));
	}

	/**
	 * Take the identity out of a reply name.
	 * @return the identity, or {@code null} if the name is of another form
	 */
	static @Nullable String parse(String replyTo) {
		int end = replyTo.indexOf('.', REPLY_TO.length() + 1);
		if (!replyTo.startsWith(REPLY_TO + ".") || end < 0) {
			return null;
		}
		try {
			ByteBuffer term = ByteBuffer
				.wrap(Base64.getDecoder().decode(replyTo.substring(REPLY_TO.length() + 1, end)));
			if (term.get() != TERM || term.get() != NEW_PID) {
				return null;
			}
			byte tag = term.get();
			if (tag != ATOM && tag != SMALL_ATOM) {
				return null;
			}
			byte[] name = new byte[(tag == ATOM) ? Short.toUnsignedInt(term.getShort())
					: Byte.toUnsignedInt(term.get())];
			term.get(name);
			term.getInt();
			term.getInt();
			return new String(name, StandardCharsets.UTF_8) + "/" + Integer.toUnsignedString(term.getInt());
		}
		catch (IllegalArgumentException | BufferUnderflowException ex) {
			return null;
		}
	}

}
