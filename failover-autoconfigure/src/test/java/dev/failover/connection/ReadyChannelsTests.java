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

import java.io.IOException;
import java.util.List;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.mockito.BDDMockito.given;
import static org.mockito.BDDMockito.then;
import static org.mockito.BDDMockito.willThrow;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.never;
import static org.mockito.Mockito.times;

/**
 * Tests for {@link ReadyChannels}.
 */
class ReadyChannelsTests {

	private final Connection connection = mock();

	private final ReadyChannels ready = new ReadyChannels(this.connection);

	private static Channel channel() {
		Channel channel = mock();
		given(channel.isOpen()).willReturn(true);
		return channel;
	}

	@Test
	void channelsHaveTheirPrefetchCount() throws Exception {
		Channel ten = channel();
		given(this.connection.createChannel()).willReturn(ten);
		assertThat(this.ready.have(List.of(10))).isTrue();
		then(ten).should().basicQos(10);
		assertThat(this.ready.take(20)).isNull();
		assertThat(this.ready.take(10)).isSameAs(ten);
		assertThat(this.ready.take(10)).isNull();
	}

	@Test
	void onlyWhatIsMissingIsOpenedAndWhatIsNotWantedAnyMoreIsClosed() throws Exception {
		Channel one = channel();
		Channel two = channel();
		given(this.connection.createChannel()).willReturn(one, two);
		this.ready.have(List.of(10, 10));
		this.ready.have(List.of(10, 10));
		then(this.connection).should(times(2)).createChannel();
		this.ready.have(List.of(10));
		then(one).should().abort();
		then(two).should(never()).abort();
	}

	@Test
	void channelThatIsClosedIsNotTaken() throws Exception {
		Channel closed = mock();
		Channel open = channel();
		given(this.connection.createChannel()).willReturn(closed, open);
		this.ready.have(List.of(10, 10));
		assertThat(this.ready.take(10)).isSameAs(open);
	}

	@Test
	void limitOfTheConnectionIsTold() throws Exception {
		assertThat(this.ready.have(List.of(10))).isFalse();
	}

	@Test
	void nothingIsOpenedWhenTheConnectionIsTakenIntoUse() throws Exception {
		Channel waiting = channel();
		given(this.connection.createChannel()).willReturn(waiting);
		this.ready.have(List.of(10));
		this.ready.end();
		this.ready.have(List.of(10, 10));
		then(this.connection).should().createChannel();
		this.ready.close();
		then(waiting).should().abort();
		assertThat(this.ready.take(10)).isNull();
	}

	@Test
	void channelWithoutItsPrefetchCountIsClosed() throws Exception {
		Channel broken = channel();
		given(this.connection.createChannel()).willReturn(broken);
		willThrow(new IOException("thrown by the test")).given(broken).basicQos(10);
		assertThat(this.ready.have(List.of(10))).isTrue();
		then(broken).should().abort();
		assertThat(this.ready.take(10)).isNull();
	}

	@Test
	void errorIsNotTheEnd() throws Exception {
		Channel later = channel();
		given(this.connection.createChannel()).willThrow(new OutOfMemoryError("thrown by the test")).willReturn(later);
		assertThatExceptionOfType(OutOfMemoryError.class).isThrownBy(() -> this.ready.have(List.of(10)));
		assertThat(this.ready.have(List.of(10))).isTrue();
		assertThat(this.ready.take(10)).isSameAs(later);
	}

}
