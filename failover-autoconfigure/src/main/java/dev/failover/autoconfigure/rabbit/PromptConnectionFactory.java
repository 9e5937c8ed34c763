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

package dev.failover.autoconfigure.rabbit;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

import com.rabbitmq.client.ConnectionFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.amqp.rabbit.connection.PublisherCallbackChannelImpl;
import org.springframework.scheduling.concurrent.CustomizableThreadFactory;

/**
 * {@link CachingConnectionFactory} that keeps its connections for as long as it has
 * users, and with publisher returns closes channels at once, as it does without.
 * Otherwise a channel stays open for 5 seconds in case that a message is still returned,
 * and with it the channel of each consumer that stops: what was delivered to it is held
 * back that long, and the end of the application, too.
 */
final class PromptConnectionFactory extends LastingConnectionFactory {

	/**
	 * A channel whose close cannot be put off is closed at once.
	 */
	private static final ExecutorService NOTHING_IS_PUT_OFF = closed();

	/**
	 * Calls back for confirms and returns. Its threads end when they are idle: a channel
	 * that is opened while Spring's factory is destroyed would otherwise leave one behind
	 * for a minute, in an executor that nobody shuts down.
	 */
	private static final ExecutorService CALLBACKS = callbacks();

	PromptConnectionFactory(ConnectionFactory target) {
		this(target, new PromptConnectionFactory(target, null));
	}

	/**
	 * Create a factory whose publisher connection factory is configured along with it.
	 */
	private PromptConnectionFactory(ConnectionFactory target, @Nullable PromptConnectionFactory publisher) {
		super(target);
		setPublisherChannelFactory((channel, executor) -> new PublisherCallbackChannelImpl(channel, CALLBACKS));
		if (publisher != null) {
			doSetPublisherConnectionFactory(publisher);
		}
		else {
			setPublisherConnectionFactory(null);
		}
	}

	private static ExecutorService callbacks() {
		CustomizableThreadFactory threads = new CustomizableThreadFactory("failover-callbacks-");
		threads.setDaemon(true);
		return new ThreadPoolExecutor(0, Integer.MAX_VALUE, 1, TimeUnit.SECONDS, new SynchronousQueue<>(), threads);
	}

	private static ExecutorService closed() {
		ThreadPoolExecutor closed = new ThreadPoolExecutor(0, 1, 0, TimeUnit.SECONDS, new SynchronousQueue<>());
		closed.shutdown();
		return closed;
	}

	/**
	 * Confirms that are outstanding are waited for on the executor, too.
	 */
	@Override
	protected ExecutorService getChannelsExecutor() {
		return isPublisherConfirms() ? super.getChannelsExecutor() : NOTHING_IS_PUT_OFF;
	}

}
