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

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;

import org.jspecify.annotations.Nullable;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageBuilder;

import dev.failover.benchmarks.support.NodePair;
import dev.failover.benchmarks.support.Waits;
import dev.failover.template.FailoverTemplate;

/**
 * Publishes with {@link FailoverTemplate#sendAsync(String, String, Message)} from one
 * thread.
 *
 * @param template the template
 * @param mandatory whether a message for which no queue is bound is to be returned
 */
record FailoverAsyncLoad(FailoverTemplate template, boolean mandatory) implements Load {

	@Override
	public void publish(byte[] body, int messages) throws Exception {
		CountDownLatch confirmed = new CountDownLatch(messages);
		AtomicReference<@Nullable Throwable> failed = new AtomicReference<>();
		this.template.setMandatory(this.mandatory);
		for (int i = 0; i < messages; i++) {
			this.template.sendAsync("", NodePair.QUEUE, MessageBuilder.withBody(body).build())
				.whenComplete((confirmation, failure) -> {
					if (failure != null) {
						failed.set(failure);
					}
					confirmed.countDown();
				});
		}
		Waits.await(confirmed, "the confirms of asynchronous sends");
		if (failed.get() != null) {
			throw new IllegalStateException("A message was not confirmed", failed.get());
		}
	}

}
