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

package dev.failover.broker;

import org.springframework.util.Assert;

/**
 * What operators change while the application runs: which broker is active, which ones
 * may be used, and which ones there are. Each change takes effect at once, and is told to
 * the {@link BrokerListener listeners}.
 * <p>
 * Safe for use by any number of threads; no method blocks, connects, or closes anything.
 */
public final class BrokerOperations {

	private final Brokers brokers;

	private final BrokerBook book;

	private final FailureDescriber describer;

	BrokerOperations(Brokers brokers, BrokerBook book, FailureDescriber describer) {
		this.brokers = brokers;
		this.book = book;
		this.describer = describer;
	}

	/**
	 * Make a broker the active one. New connections go to it from now on, without any
	 * preparation, which a planned move has. Nothing happens if it is active already.
	 * @param name the name of the broker
	 * @return the activation
	 * @throws IllegalArgumentException if there is no broker of that name
	 * @throws IllegalStateException if the broker is down, blocked or disabled
	 */
	public Activation activate(String name) {
		return this.brokers.write(() -> this.book.activate(name));
	}

	/**
	 * Take a broker out of use until it is enabled again.
	 * @param name the name of the broker
	 * @throws IllegalArgumentException if there is no broker of that name
	 * @throws IllegalStateException if the broker is active, or the last one that is
	 * enabled
	 */
	public void disable(String name) {
		change(() -> this.book.disable(name));
	}

	/**
	 * Take a broker out of use as {@link #disable(String)} does, unless somebody has
	 * wanted it to be used since.
	 * @param name the name of the broker
	 * @param enabling what {@link #getEnabling(String)} returned then
	 * @throws IllegalArgumentException if there is no broker of that name
	 * @throws IllegalStateException if the broker was enabled again, is active, or the
	 * last one that is enabled
	 */
	public void disable(String name, long enabling) {
		change(() -> {
			checkNotEnabledSince(name, enabling, "disabled");
			this.book.disable(name);
		});
	}

	private void checkNotEnabledSince(String name, long enabling, String what) {
		Assert.state(this.book.get(name).enabling == enabling,
				() -> "Broker '%s' is not %s: it was enabled meanwhile".formatted(name, what));
	}

	/**
	 * Return a number that is another one after each call of {@link #enable(String)} for
	 * a broker, and if another broker was added under the name: whoever takes a broker
	 * out of use bit by bit gives that up then.
	 * @param name the name of the broker
	 * @return the number, or 0 if there is no broker of that name
	 */
	public long getEnabling(String name) {
		return this.brokers.read(() -> {
			BrokerEntry entry = this.book.find(name);
			return (entry != null) ? entry.enabling : 0;
		});
	}

	/**
	 * Let a broker be used again. It is tried like one that has not been tried yet. What
	 * is about to take it out of use is called off. One that is held back, as it has
	 * failed again and again, is used as soon as it answers.
	 * @param name the name of the broker
	 * @throws IllegalArgumentException if there is no broker of that name
	 */
	public void enable(String name) {
		change(() -> this.book.enable(name));
	}

	/**
	 * Hold the switches that the application decides on itself while its active broker is
	 * there: the way back to a broker that is preferred, a rebalance, and the way off a
	 * broker that is blocked by an alarm. Each of them is told instead. A broker that is
	 * lost is left as ever, and what operators ask for is done. Holds until
	 * {@link #release()}, or the end of the application.
	 */
	public void hold() {
		change(() -> this.book.hold(true));
	}

	/**
	 * Let the application decide on switches again. What has been held is decided anew.
	 */
	public void release() {
		change(() -> this.book.hold(false));
	}

	/**
	 * Add a broker behind the others.
	 * @param broker the broker
	 * @param credentials what to log in to it with
	 * @throws IllegalArgumentException if there is a broker of that name
	 */
	public void add(Broker broker, BrokerCredentials credentials) {
		Assert.notNull(broker, "'broker' must not be null");
		Assert.notNull(credentials, "'credentials' must not be null");
		this.describer.add(credentials);
		change(() -> this.book.add(broker, credentials));
	}

	/**
	 * Remove a broker. What is still open to it is closed.
	 * @param name the name of the broker
	 * @throws IllegalArgumentException if there is no broker of that name
	 * @throws IllegalStateException if the broker is active, or the last one that is
	 * enabled
	 */
	public void remove(String name) {
		change(() -> this.book.remove(name));
	}

	/**
	 * Remove a broker as {@link #remove(String)} does, unless somebody has wanted it to
	 * be used since.
	 * @param name the name of the broker
	 * @param enabling what {@link #getEnabling(String)} returned then
	 * @throws IllegalArgumentException if there is no broker of that name
	 * @throws IllegalStateException if the broker was enabled again, is active, or the
	 * last one that is enabled
	 */
	public void remove(String name, long enabling) {
		change(() -> {
			checkNotEnabledSince(name, enabling, "removed");
			this.book.remove(name);
		});
	}

	/**
	 * Change the preference for a broker. The active broker stays the same.
	 * @param name the name of the broker
	 * @param priority the priority, lower values are preferred
	 * @param weight the weight, at least 0
	 * @throws IllegalArgumentException if there is no broker of that name, or the weight
	 * is negative
	 */
	public void reweight(String name, int priority, int weight) {
		change(() -> this.book.reweight(name, priority, weight));
	}

	private void change(Runnable change) {
		this.brokers.write(() -> {
			change.run();
			return true;
		});
	}

}
