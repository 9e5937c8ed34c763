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

package dev.failover.samples.orders;

import java.time.Clock;
import java.util.Locale;

import org.springframework.context.event.EventListener;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerEvent;
import dev.failover.broker.BrokerFailure;
import dev.failover.broker.BrokerState;

/**
 * Writes down in the {@link Journal} what happens to the brokers, and each second how the
 * shop does.
 */
@Component
class Chronicler {

	private final Clock clock = Clock.systemUTC();

	private final Shop shop;

	private final OrderBook book;

	private final LocalBrokers local;

	private final Journal journal;

	private long last = System.nanoTime();

	private OrderBook.Counts counts;

	Chronicler(Shop shop, OrderBook book, LocalBrokers local, Journal journal) {
		this.shop = shop;
		this.book = book;
		this.local = local;
		this.journal = journal;
		this.counts = book.counts();
	}

	@Scheduled(fixedRate = 1000, initialDelay = 1000)
	void measure() {
		long now = System.nanoTime();
		double seconds = (now - this.last) / 1e9;
		OrderBook.Counts current = this.book.counts();
		this.journal.add(new Journal.Sample(this.clock.instant(),
				perSecond(current.confirmed() - this.counts.confirmed(), seconds),
				perSecond(current.fulfilled() - this.counts.fulfilled(), seconds), this.book.takeSlowest().toMillis()));
		this.last = now;
		this.counts = current;
		this.journal.tell(this.shop.state());
	}

	private static double perSecond(long orders, double seconds) {
		return Math.round(10 * orders / seconds) / 10.0;
	}

	@EventListener
	void handle(BrokerEvent event) {
		if (event instanceof BrokerEvent.Activated activated) {
			activated(activated);
		}
		else if (event instanceof BrokerEvent.StateChanged changed) {
			changed(changed);
		}
		else if (event instanceof BrokerEvent.Replayed replayed) {
			note("Published %d of %d unconfirmed orders again".formatted(replayed.replayed(), replayed.inFlight()));
		}
		else if (event instanceof BrokerEvent.ConsumersReady ready) {
			note("Orders are fulfilled from %s, after %d ms".formatted(ready.broker().name(),
					ready.delay().toMillis()));
		}
		else if (event instanceof BrokerEvent.FailbackPlanned planned) {
			note("Going back from %s to %s in %d s".formatted(planned.from().name(), planned.to().name(),
					planned.grace().toSeconds()));
		}
		this.journal.tell(this.shop.state());
	}

	private void activated(BrokerEvent.Activated activated) {
		String to = activated.to().name();
		Broker from = activated.from();
		BrokerFailure failure = activated.failure();
		if (from == null) {
			note("%s is active, the first one".formatted(to));
		}
		else if (failure == null) {
			this.journal.note(Journal.Kind.MOVE, "move to " + to,
					"Moved from %s to %s, as planned".formatted(from.name(), to));
		}
		else {
			String reason = reason(failure);
			this.journal.note(Journal.Kind.SWITCH, "switch to " + to, "Switched from %s to %s: %s, no broker for %d ms"
				.formatted(from.name(), to, reason, activated.outage().toMillis()));
			this.journal.outage(from.name(), to, reason, activated.outage());
		}
	}

	/**
	 * A fault that nobody has injected is one, too.
	 */
	private void changed(BrokerEvent.StateChanged changed) {
		String broker = changed.broker().name();
		String to = changed.to().name().toLowerCase(Locale.ROOT);
		BrokerFailure failure = changed.failure();
		String text = "%s is %s".formatted(broker, to) + ((failure != null) ? ": " + reason(failure) : "");
		boolean failed = changed.from() != changed.to()
				&& (changed.to() == BrokerState.DOWN || changed.to() == BrokerState.BLOCKED);
		if (failed && !this.local.get(broker).map(LocalBroker::isDisturbed).orElse(false)) {
			this.journal.note(Journal.Kind.FAULT, "%s %s".formatted(broker, to), text);
		}
		else {
			note(text);
		}
	}

	private static String reason(BrokerFailure failure) {
		return failure.reason().name().toLowerCase(Locale.ROOT).replace('_', ' ');
	}

	private void note(String text) {
		this.journal.note(Journal.Kind.NOTE, "", text);
	}

}
