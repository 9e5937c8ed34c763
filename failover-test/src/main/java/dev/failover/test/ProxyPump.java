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

package dev.failover.test;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.util.Arrays;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;

import org.jspecify.annotations.Nullable;

import dev.failover.test.FaultProxy.Direction;

/**
 * Moves bytes in one direction: one thread reads, another one writes when it is time.
 */
final class ProxyPump {

	private static final int BUFFER_SIZE = 16 * 1024;

	private static final int QUEUE_CAPACITY = 1024;

	private final ProxyConnection connection;

	private final Direction direction;

	private final ProxyGate gate;

	private final Socket source;

	private final Socket sink;

	private final @Nullable HandshakeWatch handshake;

	private final BlockingQueue<Chunk> queue = new ArrayBlockingQueue<>(QUEUE_CAPACITY);

	ProxyPump(ProxyConnection connection, Direction direction, ProxyGate gate, Socket source, Socket sink,
			@Nullable HandshakeWatch handshake) {
		this.connection = connection;
		this.direction = direction;
		this.gate = gate;
		this.source = source;
		this.sink = sink;
		this.handshake = handshake;
	}

	void start(String name) {
		Threads.daemon(name + "-read", this::read).start();
		Threads.daemon(name + "-write", this::write).start();
	}

	private void read() {
		byte[] buffer = new byte[BUFFER_SIZE];
		try {
			InputStream in = this.source.getInputStream();
			int count = 0;
			while (count >= 0 && this.gate.await(this.direction, this.connection::isEnded)) {
				count = in.read(buffer);
				enqueue(buffer, count);
			}
		}
		catch (IOException ex) {
			enqueueFailure();
		}
		catch (InterruptedException ex) {
			this.connection.reset();
		}
	}

	private void enqueue(byte[] buffer, int count) throws InterruptedException {
		byte[] data = (count >= 0) ? Arrays.copyOf(buffer, count) : Chunk.END;
		if (this.handshake != null) {
			this.handshake.accept(data);
		}
		put(data);
	}

	private void enqueueFailure() {
		try {
			put(Chunk.RESET);
		}
		catch (InterruptedException ex) {
			this.connection.reset();
		}
	}

	private void put(byte[] data) throws InterruptedException {
		Chunk chunk = new Chunk(data, System.nanoTime() + this.gate.mode().delay().toNanos());
		boolean done = false;
		while (!done && !this.connection.isEnded()) {
			done = this.queue.offer(chunk, 100, TimeUnit.MILLISECONDS);
		}
	}

	private void write() {
		try {
			OutputStream out = this.sink.getOutputStream();
			boolean open = true;
			while (open && !this.connection.isEnded()) {
				Chunk chunk = this.queue.poll(100, TimeUnit.MILLISECONDS);
				if (chunk != null && this.gate.awaitTime(chunk.due(), this.connection::isEnded)
						&& this.gate.await(this.direction, this.connection::isEnded)) {
					open = deliver(chunk, out);
				}
			}
		}
		catch (IOException | InterruptedException ex) {
			this.connection.reset();
		}
	}

	private boolean deliver(Chunk chunk, OutputStream out) throws IOException {
		if (chunk.data() == Chunk.RESET) {
			this.connection.reset();
			return false;
		}
		if (chunk.data() == Chunk.END) {
			this.sink.shutdownOutput();
			this.connection.directionEnded();
			return false;
		}
		out.write(chunk.data());
		this.connection.delivered(chunk.data().length);
		return true;
	}

	/**
	 * Bytes to be delivered, or one of the two ways to end a connection.
	 */
	private record Chunk(byte[] data, long due) {

		static final byte[] END = new byte[0];

		static final byte[] RESET = new byte[0];

	}

}
