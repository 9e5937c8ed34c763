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

import java.time.Clock;
import java.util.List;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import dev.failover.broker.Broker;
import dev.failover.broker.Brokers;
import dev.failover.broker.FailureReason;
import dev.failover.broker.TestBrokers;

import static org.assertj.core.api.Assertions.assertThat;

class DirectReplyNamesTests {

	private static final String NAME = "amq.rabbitmq.reply-to.g1hwB.kW==";

	private final Broker one = TestBrokers.broker("one");

	private final Broker two = TestBrokers.broker("two");

	private final Brokers brokers = new Brokers(List.of(this.one, this.two), Clock.systemUTC());

	private final DirectReplyNames names = new DirectReplyNames(this.brokers);

	@Test
	void replyGoesToTheBrokerOfItsRequestOnly() {
		this.names.delivered(NAME, this.one);
		assertThat(this.names.routingKey("", NAME, this.one)).isEqualTo(NAME);
		assertThat(this.names.routingKey("", NAME, this.two)).isEqualTo("lost." + NAME);
	}

	@ParameterizedTest
	@CsvSource({ "one, one, false, true", "one, one, true, false", "one, other, false, false", "one, , false, false" })
	void replyGoesThroughOtherNodesOfAClusterAsLongAsThatOfTheRequestRuns(String cluster, String other, boolean down,
			boolean expected) {
		this.brokers.identified(this.one, this.brokers.getIncarnation(this.one), cluster);
		this.brokers.identified(this.two, this.brokers.getIncarnation(this.two), other);
		this.names.delivered(NAME, this.one);
		if (down) {
			this.brokers.failed(this.one, this.brokers.getIncarnation(this.one), FailureReason.UNREACHABLE, null);
		}
		assertThat(this.names.routingKey("", NAME, this.two).equals(NAME)).isEqualTo(expected);
	}

	@Test
	void otherRoutingKeysAreLeftAlone() {
		this.names.delivered(NAME, this.one);
		this.names.delivered("orders", this.one);
		this.names.delivered(null, this.one);
		assertThat(this.names.routingKey("orders", NAME, this.two)).isEqualTo(NAME);
		assertThat(this.names.routingKey("", "orders", this.two)).isEqualTo("orders");
		assertThat(this.names.routingKey("", NAME + "2", this.two)).isEqualTo(NAME + "2");
	}

	@Test
	void nameThatIsDeliveredByAnotherBrokerBelongsToThat() {
		this.names.delivered(NAME, this.one);
		this.names.delivered(NAME, this.two);
		assertThat(this.names.routingKey("", NAME, this.two)).isEqualTo(NAME);
	}

}
