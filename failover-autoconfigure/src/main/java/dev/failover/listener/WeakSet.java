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

package dev.failover.listener;

import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Set that does not keep its elements from being collected when nobody else holds them.
 *
 * @param <T> the type of the elements
 */
final class WeakSet<T> {

	private final ReentrantLock lock = new ReentrantLock();

	private final Set<T> elements = Collections.newSetFromMap(new WeakHashMap<>());

	/**
	 * Add an element.
	 * @return whether it is new
	 */
	boolean add(T element) {
		this.lock.lock();
		try {
			return this.elements.add(element);
		}
		finally {
			this.lock.unlock();
		}
	}

	boolean contains(Object element) {
		this.lock.lock();
		try {
			return this.elements.contains(element);
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Return the elements as they are now.
	 */
	List<T> list() {
		this.lock.lock();
		try {
			return List.copyOf(this.elements);
		}
		finally {
			this.lock.unlock();
		}
	}

}
