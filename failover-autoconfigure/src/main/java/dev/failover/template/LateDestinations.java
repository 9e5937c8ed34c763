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

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;

/**
 * Destinations that do not confirm while their broker answers, as a quorum queue without
 * a leader, and the channels that were set aside because of them.
 * <p>
 * RabbitMQ tells a channel of the next leader of a queue only if it has published to that
 * queue before, and reads nothing from a connection of which one channel has some hundred
 * messages that cannot be handed on. So what is unconfirmed stays where it is, nothing is
 * added to it, and a destination goes to another channel only when it has shown, on the
 * one that was set aside, that it confirms.
 * <p>
 * Whoever has the turn to write may use this; the methods that say so are for all.
 */
final class LateDestinations {

	/**
	 * Destinations that took this long do not go to another channel: RabbitMQ 3.10 hands
	 * what is published there to the leader that is gone.
	 */
	private static final long LONG_WAIT = TimeUnit.SECONDS.toNanos(1);

	/**
	 * A cluster has given a node up by then, with its default settings.
	 */
	private static final long HOME_TIME = TimeUnit.MINUTES.toNanos(2);

	private final Map<Destination, State> states = new ConcurrentHashMap<>();

	private final List<PublishChannel> channels = new CopyOnWriteArrayList<>();

	private final Consumer<Publication> onHold;

	private final Runnable onNews;

	private volatile boolean news;

	/**
	 * Create the destinations, none of which is late.
	 * @param onHold called for each message that is unconfirmed or held back
	 * @param onNews called, by any thread, when there is something to {@link #settle}
	 */
	LateDestinations(Consumer<Publication> onHold, Runnable onNews) {
		this.onHold = onHold;
		this.onNews = onNews;
	}

	/**
	 * Whether no destination is late. For all threads.
	 */
	boolean isEmpty() {
		return this.channels.isEmpty();
	}

	/**
	 * Whether there is something to {@link #settle}. For all threads.
	 */
	boolean hasNews() {
		return this.news;
	}

	/**
	 * Whether messages like the given one are held back. For all threads.
	 */
	boolean isHeldBack(Publication publication) {
		if (this.channels.isEmpty()) {
			return false;
		}
		State state = this.states.get(Destination.of(publication));
		return state != null && state.place == Place.NOWHERE;
	}

	/**
	 * Return the channels that were set aside, the oldest first. For all threads.
	 */
	List<PublishChannel> channels() {
		return this.channels;
	}

	/**
	 * Set a channel aside. Those of its destinations that have unconfirmed messages are
	 * late; of the others nothing is known any more.
	 */
	void add(PublishChannel channel) {
		this.states.values().removeIf((state) -> state.place == Place.CURRENT);
		this.channels.add(channel);
		for (Publication publication : channel.unconfirmed()) {
			this.states.computeIfAbsent(Destination.of(publication), (destination) -> new State(channel));
			this.onHold.accept(publication);
		}
		channel.onProgress(this::note);
		note();
	}

	/**
	 * Take note that there is something to {@link #settle}. For all threads.
	 */
	void note() {
		this.news = true;
		this.onNews.run();
	}

	/**
	 * Whether a message goes to the channel that all others go to.
	 */
	boolean goesOn(Publication publication) {
		State state = this.states.get(Destination.of(publication));
		return state != null && state.place == Place.CURRENT;
	}

	/**
	 * Return the channel to write a message to.
	 * @param current the channel that all others go to
	 * @return the channel, or {@code null} if the message is held back
	 */
	@Nullable PublishChannel place(Publication publication, PublishChannel current) {
		Destination destination = Destination.of(publication);
		State state = this.states.get(destination);
		if (state == null) {
			PublishChannel trial = trial(publication, current);
			if (trial != current) {
				this.states.put(destination, new State(trial));
			}
			return trial;
		}
		if (state.place == Place.CURRENT || publication.isRejectedBy(state.channel)) {
			return current;
		}
		if (state.place == Place.ASIDE && isSame(state.channel, current) && state.channel.hasRoom()) {
			return state.channel;
		}
		state.place = Place.NOWHERE;
		state.hold(publication);
		this.onHold.accept(publication);
		return null;
	}

	private PublishChannel trial(Publication publication, PublishChannel current) {
		for (int i = this.channels.size() - 1; i >= 0; i--) {
			PublishChannel channel = this.channels.get(i);
			if (channel.isOpen() && channel.hasRoom() && !publication.isRejectedBy(channel)
					&& isSame(channel, current)) {
				return channel;
			}
		}
		return current;
	}

	private static boolean isSame(PublishChannel one, PublishChannel other) {
		return Objects.equals(one.activation(), other.activation());
	}

	/**
	 * Let destinations go on that have confirmed, and close channels that are not needed
	 * any more.
	 * @param current the channel that all others go to
	 * @param onEmpty called for a channel on which nothing is unconfirmed
	 * @return messages that were held back and can be written, in their order
	 */
	List<Publication> settle(@Nullable PublishChannel current, Consumer<PublishChannel> onEmpty) {
		this.news = false;
		List<Publication> free = new ArrayList<>();
		Set<Destination> late = new HashSet<>();
		long now = System.nanoTime();
		this.channels.forEach(
				(channel) -> channel.unconfirmed().forEach((publication) -> late.add(Destination.of(publication))));
		this.states.forEach((destination, state) -> {
			if (state.isOverAtHome(now)) {
				state.place = Place.NOWHERE;
			}
			if (state.place == Place.NOWHERE) {
				settle(state, current, !late.contains(destination), free);
			}
		});
		for (PublishChannel channel : this.channels) {
			if (channel.isSettled() && !isHome(channel)) {
				free.addAll(remove(channel));
				onEmpty.accept(channel);
			}
		}
		return free;
	}

	private void settle(State state, @Nullable PublishChannel current, boolean confirmed, List<Publication> free) {
		long now = System.nanoTime();
		state.home |= confirmed && now - state.since > LONG_WAIT;
		boolean kept = state.home && now - state.since < HOME_TIME && this.channels.contains(state.channel)
				&& current != null && isSame(state.channel, current);
		if (kept && state.channel.hasRoom()) {
			state.place = Place.ASIDE;
			state.release(free);
		}
		else if (confirmed && !kept) {
			state.place = Place.CURRENT;
			state.release(free);
		}
	}

	private boolean isHome(PublishChannel channel) {
		return this.states.values().stream().anyMatch((state) -> state.channel == channel && state.isAtHome());
	}

	/**
	 * Take note if a destination has been apart for so long that it can go to the channel
	 * of all others. For all threads.
	 */
	void noteTime() {
		long now = System.nanoTime();
		if (this.states.values().stream().anyMatch((state) -> state.isOverAtHome(now))) {
			note();
		}
	}

	/**
	 * Return the oldest unconfirmed message of each channel that was set aside, if it is
	 * older than the given time. For all threads.
	 */
	List<Publication> overdue(long nanos) {
		long now = System.nanoTime();
		return this.channels.stream()
			.map(PublishChannel::oldest)
			.filter((oldest) -> oldest != null && now - oldest.writtenAt() > nanos)
			.toList();
	}

	/**
	 * Forget a channel.
	 * @param channel a channel that is lost, or is used for all destinations again
	 * @return messages that were held back because of it, in their order
	 */
	List<Publication> remove(PublishChannel channel) {
		List<Publication> free = new ArrayList<>();
		this.channels.remove(channel);
		channel.onProgress(null);
		this.states.values().removeIf((state) -> {
			if (state.channel == channel) {
				state.release(free);
			}
			return state.channel == channel;
		});
		if (this.channels.isEmpty()) {
			this.states.values().forEach((state) -> state.release(free));
			this.states.clear();
		}
		return free;
	}

	private enum Place {

		/**
		 * Messages are held back.
		 */
		NOWHERE,

		/**
		 * Messages go to the channel that all others go to.
		 */
		CURRENT,

		/**
		 * Messages go to the channel that was set aside.
		 */
		ASIDE

	}

	/**
	 * What is known of a destination.
	 */
	private static final class State {

		private final Deque<Publication> held = new ArrayDeque<>();

		private final PublishChannel channel;

		private final long since = System.nanoTime();

		private boolean home;

		private volatile Place place = Place.NOWHERE;

		State(PublishChannel channel) {
			this.channel = channel;
		}

		boolean isAtHome() {
			return this.place == Place.ASIDE;
		}

		boolean isOverAtHome(long now) {
			return isAtHome() && now - this.since > HOME_TIME;
		}

		void hold(Publication publication) {
			while (!this.held.isEmpty() && this.held.peek().isDone()) {
				this.held.poll();
			}
			this.held.add(publication);
		}

		void release(List<Publication> free) {
			free.addAll(this.held);
			this.held.clear();
		}

	}

}
