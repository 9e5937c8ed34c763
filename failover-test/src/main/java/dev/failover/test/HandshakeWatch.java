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

/**
 * Reads what a server sends until its {@code connection.open-ok}, which ends the
 * handshake of AMQP 0-9-1. It gives up at once on what is not AMQP.
 */
final class HandshakeWatch {

	private static final int HEADER_SIZE = 7;

	private static final int METHOD_FRAME = 1;

	private static final int CONNECTION_CLASS = 10;

	private static final int OPEN_OK = 41;

	private final Runnable onEnd;

	private final byte[] head = new byte[HEADER_SIZE + 4];

	private int position;

	private long frameSize;

	private boolean ended;

	HandshakeWatch(Runnable onEnd) {
		this.onEnd = onEnd;
	}

	void accept(byte[] data) {
		for (int i = 0; i < data.length && !this.ended; i++) {
			accept(data[i]);
		}
	}

	private void accept(byte next) {
		if (this.position < this.head.length) {
			this.head[this.position] = next;
		}
		this.position++;
		if (this.position == 1 && next != METHOD_FRAME) {
			end();
		}
		else if (this.position == HEADER_SIZE) {
			this.frameSize = HEADER_SIZE + Integer.toUnsignedLong(intAt(3)) + 1;
		}
		else if (this.position == this.head.length && intAt(HEADER_SIZE) == (CONNECTION_CLASS << 16 | OPEN_OK)) {
			end();
		}
		if (this.position >= HEADER_SIZE && this.position == this.frameSize) {
			this.position = 0;
		}
	}

	private int intAt(int index) {
		return (this.head[index] & 0xff) << 24 | (this.head[index + 1] & 0xff) << 16
				| (this.head[index + 2] & 0xff) << 8 | (this.head[index + 3] & 0xff);
	}

	private void end() {
		this.ended = true;
		this.onEnd.run();
	}

}
