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

import java.lang.ref.WeakReference;
import java.util.function.Supplier;

import com.rabbitmq.client.Connection;
import org.jspecify.annotations.Nullable;

/**
 * Knows which connection the calling thread is opening. Until it has done so, others wait
 * for it: it must not wait for them in turn. A thread opens a connection while a preparer
 * runs, and from the call of the native factory until Spring's has told its listeners.
 */
final class ConnectionsInOpening {

	private static final String SPRING = "org.springframework.amqp.rabbit.connection.";

	private final ThreadLocal<@Nullable Connection> prepared = new ThreadLocal<>();

	/**
	 * What the thread has opened last, which does not tell whether Spring is ready with
	 * it.
	 */
	private final ThreadLocal<@Nullable Supplier<@Nullable Connection>> opened = new ThreadLocal<>();

	void beginPreparation(Connection connection) {
		this.prepared.set(connection);
	}

	void endPreparation() {
		this.prepared.remove();
	}

	/**
	 * The thread begins to open a connection for Spring.
	 */
	void begin() {
		this.opened.set(() -> null);
	}

	/**
	 * The thread hands a connection to Spring.
	 */
	void opened(Connection connection) {
		this.opened.set(new WeakReference<>(connection)::get);
	}

	boolean isOpening() {
		if (this.prepared.get() != null) {
			return true;
		}
		if (this.opened.get() == null) {
			return false;
		}
		if (isWithinSpring()) {
			return true;
		}
		this.opened.remove();
		return false;
	}

	/**
	 * Return the connection that the thread is opening, unless it is not open yet.
	 */
	@Nullable Connection get() {
		Connection inPreparation = this.prepared.get();
		if (inPreparation != null) {
			return inPreparation;
		}
		Supplier<@Nullable Connection> last = isOpening() ? this.opened.get() : null;
		return (last != null) ? last.get() : null;
	}

	/**
	 * Spring tells nobody when it has called the last listener.
	 */
	private static boolean isWithinSpring() {
		return StackWalker.getInstance()
			.walk((frames) -> frames.anyMatch((frame) -> frame.getMethodName().equals("createConnection")
					&& frame.getClassName().startsWith(SPRING)));
	}

}
