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

import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.Executor;

/**
 * Publishes what is sent by code that runs while a connection is opened, a listener of
 * connections for example. The publisher may wait for that connection, so that such a
 * message cannot wait for the publisher: it goes out on the connection itself, on a
 * channel of its own, and is written once.
 */
final class OpeningPublisher {

	private final PublishSource source;

	private final Executor aside;

	private final Duration patience;

	/**
	 * Create a publisher.
	 * @param source where the channels come from
	 * @param aside closes channels
	 * @param patience how long a confirm is waited for, as others wait meanwhile
	 */
	OpeningPublisher(PublishSource source, Executor aside, Duration patience) {
		this.source = source;
		this.aside = aside;
		this.patience = patience;
	}

	/**
	 * Publish a message, and wait until it has ended.
	 */
	void publish(Publication publication) {
		try {
			PublishChannel channel = new PublishChannel(this.source.openHere(), new HashSet<>(),
					OpeningPublisher::rejected, () -> {
					}, this.aside, new ConfirmTimes());
			try {
				channel.publish(publication);
				await(publication, channel);
			}
			finally {
				this.aside.execute(channel::close);
			}
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			publication.failedWith(ex);
			publication.fail("Interrupted while waiting for the confirm");
		}
		catch (IOException | RuntimeException ex) {
			publication.failedWith(ex);
			publication
				.fail("The message was sent while a connection is opened, which cannot take it: " + ex.getMessage());
		}
	}

	private static void rejected(Publication publication) {
		if (publication.returned() != null) {
			publication.confirmed();
			return;
		}
		publication.rejected(new IOException("The broker rejected the message (basic.nack)"));
		publication.fail("The broker rejected the message, which was sent while a connection is opened");
	}

	private void await(Publication publication, PublishChannel channel) throws InterruptedException {
		long end = System.nanoTime() + this.patience.toNanos();
		while (!publication.isDone() && channel.isOpen() && publication.remaining(System.nanoTime()) > 0
				&& System.nanoTime() - end < 0) {
			publication.awaitEnd(ConfirmedPublisher.POLL);
		}
		if (!publication.isDone() && !channel.isOpen()) {
			publication.failedWith(channel.closedBy());
			PublishMistake.sort(List.of(publication), channel, (denied) -> {
			});
			publication.fail("The connection was lost before the confirm, while it was opened");
		}
		publication.expire();
	}

}
