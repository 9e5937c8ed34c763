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

package dev.failover.connection;

import java.util.Collection;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Supplier;

import com.rabbitmq.client.Channel;
import org.jspecify.annotations.Nullable;

/**
 * A channel that knows which messages were delivered on it and are not settled yet:
 * neither acknowledged nor rejected. What needs no acknowledgement does not count, nor
 * does what was not delivered to a {@link com.rabbitmq.client.Consumer}.
 * <p>
 * The channels of connections that Failover opens are of this kind, except for those that
 * {@link FailoverConnectionFactory#takeConfirmChannel} returns. Safe for use by any
 * number of threads.
 */
public interface SettlingChannel extends Channel {

	/**
	 * Return whether nothing that was delivered waits to be settled. Nothing does on a
	 * channel that is closed.
	 * @return whether everything is settled
	 */
	boolean isSettled();

	/**
	 * Return when nothing that was delivered waits to be settled, or the channel is
	 * closed.
	 * @return a future that completes then, on the thread of whoever settles or of the
	 * connection: what depends on it must not block
	 */
	CompletableFuture<@Nullable Void> settled();

	/**
	 * Have something else done when a consumer is to be told that it is cancelled: when
	 * the broker has confirmed that, and everything that was delivered before was given
	 * to the consumer.
	 * @param listener what is done then, on the thread of the consumer, which must not
	 * block; it is given what tells the consumer
	 */
	void onCancelOk(Consumer<Runnable> listener);

	/**
	 * Have further messages go back to their queue when a consumer is cancelled and
	 * everything that was delivered before was given to it. What comes after the cancel
	 * goes back in any case, unless the channel is transacted.
	 * @param rest takes the delivery tags of what the consumer was given and is not going
	 * to handle, on the thread of the consumer, which must not block
	 */
	void giveBackAtCancel(Supplier<Collection<Long>> rest);

	/**
	 * Return the channel itself, for whoever does not consume on it.
	 * @return the channel, which knows nothing of what is settled
	 */
	Channel target();

}
