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

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;

import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ShutdownListener;
import com.rabbitmq.client.ShutdownSignalException;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class DirectRepliesTests {

	private final List<String> calls = new ArrayList<>();

	private final DirectReplies replies = new DirectReplies((keep) -> this.calls.add(keep ? "keep" : "do not keep"),
			this::close);

	private final Left left = new Left();

	private final Left other = new Left();

	private Runnable whileClosing = () -> {
	};

	@Test
	void channelsAreClosedWhenNoRequestIsOnThem() {
		this.replies.request(() -> {
			leave(this.left);
			leave(this.left);
			assertThat(this.calls).containsExactly("do not keep");
			return "reply";
		});
		leave(this.left);
		assertThat(this.calls).containsExactly("do not keep", "close", "closed");
		leave(this.left);
		assertThat(this.calls).hasSize(3);
	}

	@Test
	void requestsThatHaveBegunSinceDoNotCount() {
		leave(this.left);
		this.replies.request(() -> {
			leave(this.left);
			return "reply";
		});
		assertThat(this.calls).containsExactly("do not keep", "close", "closed");
	}

	@Test
	void channelsAreKeptAgainWhenAllConnectionsThatAreLeftAreClosed() {
		leave(this.left);
		leave(this.other);
		this.left.close();
		assertThat(this.calls).doesNotContain("keep");
		this.other.close();
		assertThat(this.calls).containsExactly("do not keep", "keep");
		leave(this.left);
		leave(this.left);
		assertThat(this.calls).containsExactly("do not keep", "keep", "do not keep", "close", "closed");
	}

	@Test
	void channelsAreNotKeptAgainWhileOthersAreClosed() {
		leave(this.left);
		this.whileClosing = this.left::close;
		leave(this.left);
		assertThat(this.calls).containsExactly("do not keep", "close", "closed", "keep");
	}

	@Test
	void whatTheApplicationWantsHolds() {
		leave(this.left);
		this.replies.setWanted(false);
		this.left.close();
		assertThat(this.calls).containsExactly("do not keep", "do not keep");
		this.replies.setWanted(true);
		assertThat(this.calls).last().isEqualTo("keep");
	}

	private void leave(Left connection) {
		this.replies.leave(connection.proxy);
	}

	private void close() {
		this.calls.add("close");
		this.whileClosing.run();
		this.calls.add("closed");
	}

	/**
	 * A connection that is left.
	 */
	private static final class Left {

		private final List<ShutdownListener> listeners = new ArrayList<>();

		private final Connection proxy = (Connection) Proxy.newProxyInstance(getClass().getClassLoader(),
				new Class<?>[] { Connection.class }, (self, method, arguments) -> switch (method.getName()) {
					case "addShutdownListener" -> this.listeners.add((ShutdownListener) arguments[0]) ? null : self;
					case "equals" -> self == arguments[0];
					case "hashCode" -> System.identityHashCode(self);
					default -> throw new UnsupportedOperationException(method.getName());
				});

		void close() {
			List<ShutdownListener> told = List.copyOf(this.listeners);
			this.listeners.clear();
			told.forEach((listener) -> listener.shutdownCompleted(new ShutdownSignalException(true, true, null, null)));
		}

	}

}
