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
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeoutException;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ShutdownSignalException;
import org.jspecify.annotations.Nullable;

/**
 * Asks one broker for the counts of queues. One that the broker does not have costs a
 * channel, and a line in the broker's log: it is asked for again only after a while.
 * Belongs to one thread at a time.
 */
final class QueueCounter {

	/**
	 * How many looks leave out a queue that the broker does not have.
	 */
	static final int LOOKS_WITHOUT = 20;

	private final Map<String, Integer> absent = new HashMap<>();

	/**
	 * Ask for the counts.
	 * @param found told what there is
	 * @throws IOException if the broker does not answer
	 */
	void count(Connection connection, List<String> queues, QueueLook found) throws IOException, TimeoutException {
		Iterator<String> rest = queues.stream().filter(this::isToBeAsked).toList().iterator();
		while (rest.hasNext()) {
			Channel channel = connection.createChannel();
			if (channel == null) {
				throw new IOException("The connection has no channel left");
			}
			try {
				count(channel, rest, found);
			}
			finally {
				channel.abort();
			}
		}
	}

	/**
	 * Go on until the broker closes the channel, because it does not have a queue.
	 */
	private void count(Channel channel, Iterator<String> rest, QueueLook found) throws IOException {
		while (rest.hasNext()) {
			String queue = rest.next();
			try {
				AMQP.Queue.DeclareOk counts = channel.queueDeclarePassive(queue);
				found.found(queue, counts.getMessageCount(), counts.getConsumerCount());
			}
			catch (IOException ex) {
				if (!isRefusal(ex.getCause())) {
					throw ex;
				}
				this.absent.put(queue, LOOKS_WITHOUT);
				return;
			}
		}
	}

	private boolean isToBeAsked(String queue) {
		return this.absent.computeIfPresent(queue, (name, looks) -> (looks > 1) ? looks - 1 : null) == null;
	}

	/**
	 * There is no such queue, it belongs to another connection, or may not be asked for.
	 */
	private static boolean isRefusal(@Nullable Throwable cause) {
		return cause instanceof ShutdownSignalException signal && !signal.isHardError()
				&& signal.getReason() instanceof AMQP.Channel.Close;
	}

}
