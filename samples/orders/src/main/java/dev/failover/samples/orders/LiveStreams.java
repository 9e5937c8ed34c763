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

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

import org.springframework.context.SmartLifecycle;
import org.springframework.core.task.SimpleAsyncTaskExecutor;
import org.springframework.core.task.TaskRejectedException;
import org.springframework.stereotype.Component;
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter;

/**
 * The open pages, each with a thread that writes to it, so that a slow one holds up no
 * other. They end before the web server waits for the requests that are under way.
 */
@Component
class LiveStreams implements SmartLifecycle {

	/**
	 * How many pages may be open.
	 */
	static final int LIMIT = 50;

	private final Shop shop;

	private final Journal journal;

	private final Set<LiveStream> streams = ConcurrentHashMap.newKeySet();

	private final SimpleAsyncTaskExecutor executor = new SimpleAsyncTaskExecutor("orders-page-");

	private volatile boolean stopped;

	LiveStreams(Shop shop, Journal journal) {
		this.shop = shop;
		this.journal = journal;
		this.executor.setDaemon(true);
		this.executor.setConcurrencyLimit(LIMIT);
		this.executor.setRejectTasksWhenLimitReached(true);
	}

	/**
	 * Open a stream of all that is told in the journal.
	 * @throws TaskRejectedException if too many pages are open
	 */
	SseEmitter open() {
		LiveStream stream = new LiveStream();
		this.executor.execute(() -> run(stream));
		return stream.emitter();
	}

	private void run(LiveStream stream) {
		this.streams.add(stream);
		try {
			this.journal.open(stream);
			stream.accept(new Journal.Update("state", this.shop.state()));
			if (!this.stopped) {
				stream.run();
			}
		}
		finally {
			this.journal.close(stream);
			this.streams.remove(stream);
		}
	}

	@Override
	public void start() {
		this.stopped = false;
	}

	@Override
	public void stop() {
		this.stopped = true;
		this.streams.forEach(LiveStream::close);
	}

	@Override
	public boolean isRunning() {
		return !this.stopped;
	}

}
