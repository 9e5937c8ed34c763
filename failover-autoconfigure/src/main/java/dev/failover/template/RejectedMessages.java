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

import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Predicate;

import com.rabbitmq.client.Channel;
import org.jspecify.annotations.Nullable;

/**
 * Messages that were rejected on a channel and may still be returned: there are brokers
 * that reject a message that no queue is bound for, and return it after that. A broker
 * answers in order. Once it has answered a question that was asked after the rejection,
 * no return is on its way any more.
 */
final class RejectedMessages {

	private final Channel channel;

	private final Executor executor;

	private final Consumer<Publication> onReject;

	private final Queue<Publication> held = new ConcurrentLinkedQueue<>();

	private final AtomicBoolean asking = new AtomicBoolean();

	/**
	 * Create the messages of a channel.
	 * @param channel the channel, in confirm mode
	 * @param executor asks the broker, which may block
	 * @param onReject called for each message that is rejected and not returned
	 */
	RejectedMessages(Channel channel, Executor executor, Consumer<Publication> onReject) {
		this.channel = channel;
		this.executor = executor;
		this.onReject = onReject;
	}

	/**
	 * Add a message, which leaves when it is returned or when it is certain that it is
	 * not.
	 */
	void add(Publication publication) {
		if (!publication.mandatory() || publication.returned() != null) {
			this.onReject.accept(publication);
			return;
		}
		this.held.add(publication);
		askOnce();
	}

	private void askOnce() {
		if (!this.held.isEmpty() && this.asking.compareAndSet(false, true)) {
			this.executor.execute(this::ask);
		}
	}

	private void ask() {
		List<Publication> before = List.copyOf(this.held);
		ChannelQuestion.ask(this.channel).whenComplete((answer, failure) -> {
			this.asking.set(false);
			before.stream().filter(this.held::remove).forEach(this.onReject);
			askOnce();
		});
	}

	/**
	 * Take a message out, as it is returned.
	 */
	@Nullable Publication take(Predicate<Publication> filter) {
		for (Publication publication : this.held) {
			if (filter.test(publication) && this.held.remove(publication)) {
				return publication;
			}
		}
		return null;
	}

	/**
	 * Return a message on which nothing is decided yet, if there is one.
	 */
	@Nullable Publication undecided() {
		for (Publication publication : this.held) {
			if (!publication.isDone()) {
				return publication;
			}
		}
		return null;
	}

}
