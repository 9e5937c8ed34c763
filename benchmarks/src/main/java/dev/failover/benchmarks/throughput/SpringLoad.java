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

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;

import org.springframework.amqp.rabbit.connection.CorrelationData;
import org.springframework.amqp.rabbit.core.RabbitTemplate;

import dev.failover.benchmarks.support.NodePair;

/**
 * Publishes with Spring's own template and correlated confirms, from one thread.
 *
 * @param template the template
 * @param window how many messages may be unconfirmed
 */
record SpringLoad(RabbitTemplate template, int window) implements Load {

	private static final long CONFIRM_SECONDS = 10;

	@Override
	public void publish(byte[] body, int messages) throws Exception {
		Deque<CorrelationData> unconfirmed = new ArrayDeque<>();
		for (int i = 0; i < messages; i++) {
			if (unconfirmed.size() == this.window) {
				await(unconfirmed.remove());
			}
			CorrelationData correlation = new CorrelationData();
			this.template.convertAndSend("", NodePair.QUEUE, body, correlation);
			unconfirmed.add(correlation);
		}
		for (CorrelationData correlation : unconfirmed) {
			await(correlation);
		}
	}

	private static void await(CorrelationData correlation) throws Exception {
		if (!correlation.getFuture().get(CONFIRM_SECONDS, TimeUnit.SECONDS).ack()) {
			throw new IllegalStateException("A message was rejected");
		}
	}

}
