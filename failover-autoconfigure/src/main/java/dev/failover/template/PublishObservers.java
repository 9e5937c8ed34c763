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

import java.util.Arrays;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import dev.failover.broker.Activation;

/**
 * The observers of a publisher. As long as there is none, a message costs one look.
 */
final class PublishObservers {

	private static final Log logger = LogFactory.getLog(PublishObservers.class);

	private final ReentrantLock lock = new ReentrantLock();

	private volatile PublishObserver[] all = new PublishObserver[0];

	void add(PublishObserver observer) {
		this.lock.lock();
		try {
			PublishObserver[] before = this.all;
			PublishObserver[] more = Arrays.copyOf(before, before.length + 1);
			more[before.length] = observer;
			this.all = more;
		}
		finally {
			this.lock.unlock();
		}
	}

	void confirmed(@Nullable Activation activation, long nanos) {
		for (PublishObserver observer : this.all) {
			try {
				observer.confirmed((activation != null) ? activation.broker() : null, nanos);
			}
			catch (RuntimeException ex) {
				logger.error("Observer %s failed".formatted(observer), ex);
			}
		}
	}

	void failed(@Nullable Throwable failure) {
		if (failure instanceof PublishException ex && ex.getOutcome() == PublishOutcome.UNKNOWN) {
			each(PublishObserver::unknown);
		}
	}

	private void each(Consumer<PublishObserver> call) {
		for (PublishObserver observer : this.all) {
			try {
				call.accept(observer);
			}
			catch (RuntimeException ex) {
				logger.error("Observer %s failed".formatted(observer), ex);
			}
		}
	}

}
