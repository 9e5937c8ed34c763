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

package dev.failover.template;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Command;
import org.jspecify.annotations.Nullable;

/**
 * A question to the broker that changes nothing on a channel in confirm mode. The broker
 * answers when it has read all that was written to the connection before.
 */
final class ChannelQuestion {

	private static final AMQP.Confirm.Select QUESTION = new AMQP.Confirm.Select.Builder().build();

	private final Channel channel;

	private final Executor executor;

	private CompletableFuture<?> answer = CompletableFuture.completedFuture(null);

	/**
	 * Create the question of a channel.
	 * @param executor asks the broker, which may block
	 */
	ChannelQuestion(Channel channel, Executor executor) {
		this.channel = channel;
		this.executor = executor;
	}

	/**
	 * Ask. May block while the broker reads nothing.
	 */
	static CompletableFuture<Command> ask(Channel channel) {
		try {
			return channel.asyncCompletableRpc(QUESTION);
		}
		catch (Throwable ex) {
			return CompletableFuture.failedFuture(ex);
		}
	}

	/**
	 * Ask in the background, unless an answer is outstanding. For one thread at a time.
	 * @return completes when there is an answer, or the channel is closed
	 */
	CompletableFuture<?> ask() {
		if (this.answer.isDone()) {
			CompletableFuture<@Nullable Void> asked = new CompletableFuture<>();
			this.executor.execute(() -> ask(this.channel).whenComplete((command, failure) -> asked.complete(null)));
			this.answer = asked;
		}
		return this.answer;
	}

}
