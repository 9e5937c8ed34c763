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

import java.io.IOException;
import java.lang.reflect.Proxy;
import java.net.ConnectException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import com.rabbitmq.client.Channel;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.AmqpConnectException;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/**
 * Work that is given a channel.
 */
class EnsurerChannelTests {

	private final FakeReconnector fake = new FakeReconnector();

	private final Ensurer ensurer = this.fake.ensurer();

	private final Leases leases = new Leases();

	private final List<Integer> used = new ArrayList<>();

	private String failing(int times, Channel channel, Throwable failure) throws Throwable {
		this.used.add(channel.getChannelNumber());
		if (this.used.size() <= times) {
			throw failure;
		}
		return "done";
	}

	@Test
	@DisplayName("Behaviour 24: the work gets a channel even if the caller gave none, and it is given back")
	void workGetsAChannelEvenIfTheCallerGaveNoneAndItIsGivenBack() throws Throwable {
		this.ensurer.execute(EnsurePolicy.DEFAULT, this.leases, null,
				(channel) -> failing(0, channel, new IOException()));
		assertThat(this.used).containsExactly(1);
		assertThat(this.leases.events).containsExactly("lease 1", "confirm 1", "close 1");
	}

	@Test
	@DisplayName("Behaviour 24: after a reconnect the work is called with the new channel")
	void workIsCalledWithTheNewChannelAfterAReconnect() throws Throwable {
		EnsurerLimitsTests.Hooks hooks = new EnsurerLimitsTests.Hooks();
		this.ensurer.execute(EnsurePolicy.DEFAULT.withListeners(List.of(hooks)), this.leases, null,
				(channel) -> failing(1, channel, Failures.connectionLost()));
		assertThat(this.used).containsExactly(1, 2);
		assertThat(hooks.events).containsExactly("failure a -> b in 0", "revive 2");
		assertThat(this.leases.events).containsExactly("lease 1", "close 1", "lease 2", "confirm 2", "close 2");
	}

	@Test
	void givenChannelIsForTheFirstTryOnly() throws Throwable {
		this.ensurer.execute(EnsurePolicy.DEFAULT, this.leases, Leases.channel(77),
				(channel) -> failing(1, channel, Failures.channelClosed(405, "RESOURCE_LOCKED")));
		assertThat(this.used).containsExactly(77, 1);
	}

	@Test
	void tryCountsOnlyWhenTheBrokerHasConfirmedWhatWasPublished() throws Throwable {
		this.leases.confirmFailures = 1;
		String result = this.ensurer.execute(EnsurePolicy.DEFAULT, this.leases, null,
				(channel) -> failing(0, channel, new IOException()));
		assertThat(result).isEqualTo("done");
		assertThat(this.used).containsExactly(1, 2);
	}

	@Test
	void workThatIsNotIdempotentIsRetriedWhenNoChannelCouldBeOpened() throws Throwable {
		this.leases.openFailures = 1;
		EnsurePolicy once = EnsurePolicy.DEFAULT.withIdempotent(false);
		this.ensurer.execute(once, this.leases, null, (channel) -> failing(0, channel, new IOException()));
		assertThat(this.used).hasSize(1);
		this.used.clear();
		assertThatThrownBy(() -> this.ensurer.execute(once, this.leases, null,
				(channel) -> failing(1, channel, Failures.connectionLost())))
			.isNotNull();
		assertThat(this.used).hasSize(1);
	}

	/**
	 * Hands out numbered channels.
	 */
	static final class Leases implements ChannelSource {

		final List<String> events = new ArrayList<>();

		int confirmFailures;

		int openFailures;

		private int number;

		static Channel channel(int number) {
			return (Channel) Proxy.newProxyInstance(Leases.class.getClassLoader(), new Class<?>[] { Channel.class },
					(proxy, method, args) -> method.getName().equals("getChannelNumber") ? (Object) number : true);
		}

		@Override
		public ChannelLease lease(@Nullable Channel given) {
			if (this.openFailures-- > 0) {
				throw new AmqpConnectException(new ConnectException("refused"));
			}
			Channel channel = (given != null) ? given : channel(++this.number);
			this.events.add("lease " + channel.getChannelNumber());
			return new ChannelLease() {

				@Override
				public Channel channel() {
					return channel;
				}

				@Override
				public void awaitConfirms(Duration timeout) {
					Leases.this.events.add("confirm " + channel.getChannelNumber());
					if (Leases.this.confirmFailures-- > 0) {
						throw Failures.connectionLost();
					}
				}

				@Override
				public void close() {
					Leases.this.events.add("close " + channel.getChannelNumber());
				}

			};
		}

	}

}
