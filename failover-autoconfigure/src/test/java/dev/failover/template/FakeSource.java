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

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

import com.rabbitmq.client.Command;

import dev.failover.broker.Activation;
import dev.failover.connection.DestinationFault;
import dev.failover.connection.RoutingKeys;
import dev.failover.connection.WriteBatch;

import static org.awaitility.Awaitility.await;

/**
 * Gives a publisher channels of which a test plays the broker.
 */
final class FakeSource implements PublishSource {

	final List<FakeChannel> channels = new CopyOnWriteArrayList<>();

	final List<Throwable> failures = new CopyOnWriteArrayList<>();

	final List<String> replays = new CopyOnWriteArrayList<>();

	volatile WriteBatch batch;

	volatile int frameMax;

	volatile CompletableFuture<Command> answer = CompletableFuture.completedFuture(null);

	volatile String outage;

	volatile boolean refusing;

	volatile boolean refusingApart;

	volatile Runnable onOpenApart = () -> {
	};

	/**
	 * The numbers of the channels that are on another connection.
	 */
	final List<Integer> apart = new CopyOnWriteArrayList<>();

	final AtomicReference<Error> error = new AtomicReference<>();

	final AtomicReference<Error> judging = new AtomicReference<>();

	volatile boolean blocked;

	volatile DestinationFault fault;

	private volatile boolean left;

	private volatile Runnable onMove = () -> {
	};

	volatile Consumer<FakeChannel> onWrite = (channel) -> {
	};

	private final Semaphore active = new Semaphore(0);

	/**
	 * Return the channel with a number as soon as that many messages are written to it.
	 */
	FakeChannel awaitWritten(int number, int count) {
		await().until(() -> this.channels.size() > number && this.channels.get(number).written.size() >= count);
		return this.channels.get(number);
	}

	void accept() {
		this.refusing = false;
		this.active.release();
	}

	/**
	 * Make another broker the active one, without a failure.
	 */
	void move() {
		this.left = true;
		this.onMove.run();
	}

	@Override
	public void onMove(Runnable task) {
		this.onMove = task;
	}

	@Override
	public boolean isLeft() {
		return this.left;
	}

	@Override
	public Opened open() throws IOException {
		throwOnce(this.error);
		if (this.refusing) {
			throw new IOException("refused by the test");
		}
		FakeChannel channel = new FakeChannel((written) -> this.onWrite.accept(written));
		channel.frameMax = this.frameMax;
		channel.answer = this.answer;
		this.channels.add(channel);
		this.left = false;
		return new Opened(channel.proxy(), null, this.batch, RoutingKeys.unchanged());
	}

	@Override
	public Opened openApart() throws IOException {
		if (this.refusingApart) {
			throw new IOException("refused by the test");
		}
		this.answer = CompletableFuture.completedFuture(null);
		this.onOpenApart.run();
		Opened opened = open();
		this.apart.add(this.channels.size() - 1);
		return opened;
	}

	private static void throwOnce(AtomicReference<Error> error) {
		Error thrown = error.getAndSet(null);
		if (thrown != null) {
			throw thrown;
		}
	}

	@Override
	public String getOutage() {
		return this.outage;
	}

	@Override
	public DestinationFault rejected(String exchange, String routingKey) {
		return this.fault;
	}

	@Override
	public boolean isClosed() {
		return false;
	}

	@Override
	public void awaitActive(Duration timeout) throws InterruptedException {
		this.active.tryAcquire(timeout.toMillis(), TimeUnit.MILLISECONDS);
	}

	@Override
	public boolean isBlocked(Activation activation) {
		throwOnce(this.judging);
		return this.blocked;
	}

	@Override
	public void suspect(Activation activation) {
	}

	@Override
	public void failed(Activation activation, Throwable cause) {
		this.failures.add(cause);
	}

	@Override
	public void replayed(Activation activation, int inFlight, int replayed) {
		this.replays.add(replayed + " of " + inFlight);
	}

}
