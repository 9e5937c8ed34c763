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

package dev.failover.samples.orders;

import java.io.IOException;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;
import org.springframework.http.MediaType;
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter;

/**
 * What one open page is told. A page that is too far behind is disconnected: it connects
 * again by itself, and begins with what is remembered.
 */
final class LiveStream implements Consumer<Journal.Update> {

	private static final int CAPACITY = 100;

	private static final long RECONNECT_MILLIS = 1000;

	private static final long IDLE_SECONDS = 10;

	private final SseEmitter emitter = new SseEmitter(0L);

	private final BlockingQueue<Journal.Update> updates = new ArrayBlockingQueue<>(CAPACITY);

	private volatile boolean closed;

	LiveStream() {
		this.emitter.onCompletion(this::close);
		this.emitter.onError((failure) -> close());
	}

	SseEmitter emitter() {
		return this.emitter;
	}

	@Override
	public void accept(Journal.Update update) {
		if (!this.updates.offer(update)) {
			close();
		}
	}

	/**
	 * Write to the page until it, or the shop, is closed.
	 */
	void run() {
		try {
			while (!this.closed) {
				send(this.updates.poll(IDLE_SECONDS, TimeUnit.SECONDS));
			}
		}
		catch (IOException | IllegalStateException ex) {
			this.closed = true;
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
		finally {
			this.emitter.complete();
		}
	}

	/**
	 * A page that was closed is noticed by writing to it.
	 */
	private void send(Journal.@Nullable Update update) throws IOException {
		if (this.closed) {
			return;
		}
		SseEmitter.SseEventBuilder event = SseEmitter.event();
		if (update != null) {
			event.name(update.name()).reconnectTime(RECONNECT_MILLIS).data(update.data(), MediaType.APPLICATION_JSON);
		}
		else {
			event.comment("still there");
		}
		this.emitter.send(event);
	}

	void close() {
		this.closed = true;
		this.updates.clear();
		this.updates.offer(new Journal.Update("end", ""));
	}

}
