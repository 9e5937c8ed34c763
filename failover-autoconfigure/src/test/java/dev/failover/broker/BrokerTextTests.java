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

import java.io.IOException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for what is shown of brokers and their failures.
 */
class BrokerTextTests {

	private final FailureDescriber describer = new FailureDescriber();

	@ParameterizedTest
	@CsvSource({ "/, amqp://h:5672", "orders, amqp://h:5672/orders", "a/b c, amqp://h:5672/a%2Fb%20c",
			"'', amqp://h:5672/" })
	void uriIsOneThatAClientTakes(String virtualHost, String uri) {
		assertThat(broker(virtualHost).uri()).isEqualTo(uri);
	}

	@Test
	void missingVirtualHostIsSaidInWords() {
		Throwable cause = new IllegalStateException("connection error; protocol method: #method<connection.close>"
				+ "(reply-code=530, reply-text=NOT_ALLOWED - vhost nope not found, class-id=10, method-id=40)");
		assertThat(this.describer.describe(FailureReason.ACCESS_REFUSED, new IOException(cause)))
			.isEqualTo("virtual host 'nope' does not exist on this broker");
	}

	@Test
	void descriptionHasNoStopAtItsEnd() {
		assertThat(this.describer.describe(FailureReason.ACCESS_REFUSED, new IOException("See the log. It tells.")))
			.isEqualTo("IOException: See the log. It tells");
	}

	private static Broker broker(String virtualHost) {
		return Broker.of("b", "h", 5672).withVirtualHost(virtualHost);
	}

}
