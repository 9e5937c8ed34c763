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

package dev.failover.ensure;

import java.util.Arrays;
import java.util.concurrent.locks.ReentrantLock;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * The observers of an {@link Ensurer} and of all that are named after it. As long as
 * there is none, a call costs one look.
 */
final class EnsureObservers {

	private static final Log logger = LogFactory.getLog(Ensurer.class);

	private final ReentrantLock lock = new ReentrantLock();

	private volatile EnsureObserver[] all = new EnsureObserver[0];

	void add(EnsureObserver observer) {
		this.lock.lock();
		try {
			EnsureObserver[] before = this.all;
			EnsureObserver[] more = Arrays.copyOf(before, before.length + 1);
			more[before.length] = observer;
			this.all = more;
		}
		finally {
			this.lock.unlock();
		}
	}

	void ended(@Nullable String method, EnsureOutcome outcome, long nanos) {
		if (method == null) {
			return;
		}
		for (EnsureObserver observer : this.all) {
			try {
				observer.ended(method, outcome, nanos);
			}
			catch (RuntimeException ex) {
				logger.error("Observer %s failed".formatted(observer), ex);
			}
		}
	}

}
