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

package dev.failover.detection;

import java.time.Clock;
import java.util.List;
import java.util.concurrent.CompletableFuture;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.mockito.Mockito;

import dev.failover.broker.Activation;
import dev.failover.broker.Broker;
import dev.failover.broker.Brokers;
import dev.failover.broker.TestBrokers;
import dev.failover.connection.PlannedMoves;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.ArgumentMatchers.anyString;
import static org.mockito.BDDMockito.given;
import static org.mockito.BDDMockito.then;
import static org.mockito.Mockito.never;

class AutomaticMovesTests {

	private final Broker one = TestBrokers.broker("one");

	private final Brokers brokers = new Brokers(List.of(this.one, TestBrokers.broker("two")), Clock.systemUTC());

	private final PlannedMoves planned = Mockito.mock(PlannedMoves.class);

	private final CompletableFuture<Activation> move = new CompletableFuture<>();

	private final AutomaticMoves moves = new AutomaticMoves(this.brokers, this.planned);

	@BeforeEach
	void connectToOne() {
		this.brokers.connected(this.one, 0);
		given(this.planned.failBack("two")).willReturn(this.move);
	}

	@Test
	void moveThatIsNotMadeYetIsCalledOffByAHold() {
		assertThat(this.moves.apply("two")).isSameAs(this.move);
		then(this.planned).should(never()).activate(anyString());
		this.brokers.operations().hold();
		then(this.planned).should().activate("one");
	}

	@Test
	void moveThatIsAskedForWhenAHoldHasJustBegunIsCalledOff() {
		this.brokers.operations().hold();
		this.moves.apply("two");
		then(this.planned).should().activate("one");
	}

	@Test
	void moveOfAnOperatorStaysAsItIs() {
		this.brokers.operations().hold();
		then(this.planned).shouldHaveNoInteractions();
		this.brokers.operations().release();
		this.moves.apply("two");
		this.move.completeExceptionally(new IllegalStateException("a later move was asked for"));
		this.brokers.operations().hold();
		then(this.planned).should(never()).activate(anyString());
	}

	@Test
	void callsNothingOffWhenClosed() {
		this.moves.apply("two");
		this.moves.close();
		this.brokers.operations().hold();
		then(this.planned).should(never()).activate(anyString());
	}

}
