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

package dev.failover.autoconfigure.rabbit;

import com.rabbitmq.client.AddressResolver;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.rabbit.connection.AbstractConnectionFactory;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.amqp.rabbit.connection.ThreadChannelConnectionFactory;

import dev.failover.connection.ConnectionPurpose;
import dev.failover.connection.FailoverConnectionFactory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.eq;
import static org.mockito.BDDMockito.given;
import static org.mockito.BDDMockito.then;
import static org.mockito.Mockito.mock;

/**
 * Tests for {@link ConnectionPurposePostProcessor}.
 */
class ConnectionPurposePostProcessorTests {

	private static final String NAME = "orders.publisher";

	private final ConnectionPurposePostProcessor postProcessor = new ConnectionPurposePostProcessor();

	private final FailoverConnectionFactory failover = mock();

	@BeforeEach
	void answer() throws Exception {
		Connection connection = mock();
		given(this.failover.newConnection(any(), any(AddressResolver.class), any())).willReturn(connection);
	}

	@Test
	void publisherConnectionsAreToldApartWhateverTheirNames() throws Exception {
		assertToldApart(new CachingConnectionFactory(this.failover));
	}

	@Test
	void othersThanCachingConnectionFactoriesAreToldApart() throws Exception {
		assertToldApart(new ThreadChannelConnectionFactory(this.failover));
	}

	private void assertToldApart(AbstractConnectionFactory factory) throws Exception {
		factory.setConnectionNameStrategy((any) -> NAME);
		assertThat(this.postProcessor.postProcessAfterInitialization(factory, "own")).isSameAs(factory);
		factory.createConnection();
		then(this.failover).should().newConnection(any(), eq(ConnectionPurpose.ANY), eq(NAME));
		factory.getPublisherConnectionFactory().createConnection();
		then(this.failover).should().newConnection(any(), eq(ConnectionPurpose.PUBLISHING), eq(NAME + ".publisher"));
	}

	@Test
	void connectionFactoryThatDoesNotFailOverIsLeftAsItIs() throws Exception {
		ConnectionFactory other = mock();
		Connection connection = mock();
		given(other.newConnection(any(), any(AddressResolver.class), any())).willReturn(connection);
		CachingConnectionFactory factory = new CachingConnectionFactory(other);
		AddressResolver own = mock();
		factory.setAddressResolver(own);
		this.postProcessor.postProcessAfterInitialization(factory, "other");
		factory.createConnection();
		then(other).should().newConnection(any(), eq(own), any());
	}

}
