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

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Tells the messages of late destinations from those that only wait behind them, on a
 * channel from whose connection RabbitMQ reads nothing any more.
 */
final class HeldUpMessages {

	/**
	 * A queue that takes nothing keeps RabbitMQ from reading on when so many messages
	 * wait for it.
	 */
	private static final int BLOCKING = 32;

	private HeldUpMessages() {
	}

	/**
	 * Take the messages that can be published elsewhere out of the ledger of a channel.
	 * What is left is waited for: messages of late destinations, and those that must not
	 * be sent twice.
	 * @return the messages in the order in which they were published
	 */
	static List<Publication> takeFrom(PublishChannel channel) {
		Set<Destination> waiting = late(channel);
		channel.unconfirmed()
			.stream()
			.filter((publication) -> !publication.isRepeatable() || publication.returned() != null)
			.map(Destination::of)
			.forEach(waiting::add);
		return channel.unconfirmed()
			.stream()
			.filter((publication) -> !waiting.contains(Destination.of(publication)))
			.filter(channel::forget)
			.filter((publication) -> !publication.isDone())
			.toList();
	}

	/**
	 * A destination is late if messages were confirmed that were published after one of
	 * its own. Where none is, the oldest message tells, if its destination has enough of
	 * them.
	 */
	private static Set<Destination> late(PublishChannel channel) {
		Set<Destination> late = new HashSet<>();
		for (Publication publication : channel.unconfirmed()) {
			if (publication.sequenceNumber() < channel.lastConfirmed()) {
				late.add(Destination.of(publication));
			}
		}
		Publication oldest = channel.oldest();
		if (late.isEmpty() && oldest != null) {
			Destination first = Destination.of(oldest);
			if (channel.unconfirmed().stream().map(Destination::of).filter(first::equals).count() >= BLOCKING) {
				late.add(first);
			}
		}
		return late;
	}

}
