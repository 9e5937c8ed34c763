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

package dev.failover.benchmarks.throughput;

import java.io.IOException;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.MessageProperties;

import dev.failover.benchmarks.support.BenchmarkQueue;
import dev.failover.benchmarks.support.NodePair;

/**
 * Publishes with amqp-client alone, on one channel of one connection, and waits for the
 * confirm of each message.
 */
class RawLoad implements Load {

	private static final long CONFIRM_MILLIS = 10_000;

	final Channel channel;

	private final Connection connection;

	private final boolean mandatory;

	RawLoad(NodePair nodes) throws IOException {
		this(nodes, false);
	}

	RawLoad(NodePair nodes, boolean mandatory) throws IOException {
		this.mandatory = mandatory;
		this.connection = new BenchmarkQueue(nodes.first()).connect();
		this.channel = this.connection.createChannel();
		this.channel.confirmSelect();
	}

	@Override
	public void publish(byte[] body, int messages) throws Exception {
		for (int i = 0; i < messages; i++) {
			publish(body);
			this.channel.waitForConfirmsOrDie(CONFIRM_MILLIS);
		}
	}

	final void publish(byte[] body) throws IOException {
		this.channel.basicPublish("", NodePair.QUEUE, this.mandatory, MessageProperties.PERSISTENT_BASIC, body);
	}

	@Override
	public void close() throws IOException {
		this.connection.close();
	}

}
