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

import io.micrometer.observation.Observation;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import dev.failover.broker.Broker;

/**
 * Follows one message: its observation, if there is one, and what the thread of its
 * sender carried. Nothing that fails here does harm to the message.
 */
final class SendTrace {

	private static final Log logger = LogFactory.getLog(SendTrace.class);

	private final @Nullable ThreadContext sender;

	private final @Nullable ThreadContext writing;

	private final @Nullable Observation observation;

	private final @Nullable FailoverSenderContext context;

	/**
	 * The broker that the template has published to last. For one thread at a time.
	 */
	private volatile @Nullable Broker broker;

	private volatile boolean ended;

	/**
	 * Follow a message that is not observed.
	 * @param sender what the thread of its sender carries
	 */
	SendTrace(ThreadContext sender) {
		this.sender = sender;
		this.writing = sender;
		this.observation = null;
		this.context = null;
	}

	/**
	 * Follow a message that is observed.
	 * @param sender what the thread of its sender carries, if anything
	 * @param observation the observation, which has started
	 * @param context the context of the observation
	 * @param broker the broker that the template has published to last, if any
	 */
	SendTrace(@Nullable ThreadContext sender, Observation observation, FailoverSenderContext context,
			@Nullable Broker broker) {
		this.sender = sender;
		this.writing = ThreadContexts.of(sender, ThreadContexts.of(observation));
		this.observation = observation;
		this.context = context;
		this.broker = broker;
	}

	/**
	 * Take note that the message is about to be written. For the writer only.
	 */
	void tried(int tries, @Nullable Broker to) {
		FailoverSenderContext known = this.context;
		if (known == null || this.ended) {
			return;
		}
		Broker from = this.broker;
		known.tried(tries, to);
		if (from != null && to != null && !from.name().equals(to.name())) {
			event(FailoverTemplateObservation.Events.SWITCH.format(from.name(), to.name()));
		}
		event(FailoverTemplateObservation.Events.TRY.format(tries, (to != null) ? to.name() : "unknown broker"));
		this.broker = (to != null) ? to : from;
	}

	private void event(Observation.Event event) {
		quietly(() -> {
			if (this.observation != null) {
				this.observation.event(event);
			}
		});
	}

	/**
	 * Have the calling thread carry what belongs to the message while it is written: the
	 * observation within what its sender's thread carried.
	 */
	ThreadContext.Restored restoreForWriting() {
		return ThreadContexts.restore(this.writing);
	}

	/**
	 * Have the calling thread carry what the thread of the sender carried.
	 */
	ThreadContext.Restored restoreSender() {
		return ThreadContexts.restore(this.sender);
	}

	/**
	 * End the observation. May be slow, as handlers are called.
	 * @param failure why the message is not confirmed, or {@code null} if it is
	 */
	void end(@Nullable Throwable failure) {
		if (this.observation == null || this.context == null || this.ended) {
			return;
		}
		this.ended = true;
		this.context.ended(failure);
		quietly(() -> {
			if (failure != null) {
				this.observation.error(failure);
			}
		});
		quietly(this.observation::stop);
	}

	private static void quietly(Runnable call) {
		try {
			call.run();
		}
		catch (Throwable ex) {
			logger.warn("Handler of an observation failed: " + ex);
			logger.debug("Handler of an observation failed", ex);
		}
	}

}
