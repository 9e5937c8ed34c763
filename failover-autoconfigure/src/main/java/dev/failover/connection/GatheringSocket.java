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
import java.io.OutputStream;
import java.net.Socket;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;

import org.jspecify.annotations.Nullable;

/**
 * Plain socket that hands many small writes of one thread to the operating system at
 * once. The client library writes each command by itself, which costs more than all the
 * rest of publishing a small message.
 */
final class GatheringSocket extends Socket {

	private final AtomicReference<@Nullable GatheringStream> output = new AtomicReference<>();

	@Override
	public OutputStream getOutputStream() throws IOException {
		OutputStream target = super.getOutputStream();
		return Objects
			.requireNonNull(this.output.updateAndGet((known) -> (known != null) ? known : new GatheringStream(target)));
	}

	/**
	 * Keep back what the calling thread writes, up to a limit, until it gathers no more.
	 * What another thread writes takes everything along that was kept back before it.
	 */
	void gather() {
		setOwner(Thread.currentThread());
	}

	/**
	 * Keep back nothing any more. What was kept back is written with the next flush.
	 */
	void gatherNoMore() {
		setOwner(null);
	}

	private void setOwner(@Nullable Thread owner) {
		GatheringStream stream = this.output.get();
		if (stream != null) {
			stream.owner = owner;
		}
	}

	/**
	 * Output of the socket. Needs no lock of its own: its only user is the buffer of the
	 * client library, which writes and flushes under its own lock.
	 */
	private static final class GatheringStream extends OutputStream {

		private static final int SIZE = 16 * 1024;

		private final OutputStream target;

		private byte @Nullable [] buffer;

		private int count;

		private volatile @Nullable Thread owner;

		GatheringStream(OutputStream target) {
			this.target = target;
		}

		@Override
		public void write(int value) throws IOException {
			write(new byte[] { (byte) value }, 0, 1);
		}

		@Override
		public void write(byte[] bytes, int offset, int length) throws IOException {
			if (length > SIZE - this.count) {
				writeBuffer();
			}
			if (length > SIZE || (this.count == 0 && !isGathering())) {
				this.target.write(bytes, offset, length);
				return;
			}
			byte[] current = (this.buffer != null) ? this.buffer : new byte[SIZE];
			this.buffer = current;
			System.arraycopy(bytes, offset, current, this.count, length);
			this.count += length;
			if (!isGathering()) {
				writeBuffer();
			}
		}

		private boolean isGathering() {
			return this.owner == Thread.currentThread();
		}

		@Override
		public void flush() throws IOException {
			if (!isGathering()) {
				writeBuffer();
				this.target.flush();
			}
		}

		private void writeBuffer() throws IOException {
			byte[] current = this.buffer;
			int length = this.count;
			this.count = 0;
			if (current != null && length > 0) {
				this.target.write(current, 0, length);
			}
		}

		@Override
		public void close() throws IOException {
			this.target.close();
		}

	}

}
