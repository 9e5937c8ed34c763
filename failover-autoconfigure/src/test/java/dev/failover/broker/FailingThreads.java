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

import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntPredicate;

import org.springframework.test.util.ReflectionTestUtils;

/**
 * Creates threads that cannot be started, as often as a test says: as in a process that
 * has reached a limit.
 */
public final class FailingThreads implements ThreadFactory {

	private final ThreadFactory target;

	private final IntPredicate fails;

	private final AtomicInteger threads = new AtomicInteger();

	private FailingThreads(ThreadFactory target, IntPredicate fails) {
		this.target = target;
		this.fails = fails;
	}

	/**
	 * Let the next threads of an executor fail.
	 */
	public static <T extends ThreadPoolExecutor> T in(T executor, int failures) {
		executor.setThreadFactory(new FailingThreads(executor.getThreadFactory(), (number) -> number <= failures));
		return executor;
	}

	/**
	 * Let the next threads of an executor fail, which is found by the names of fields.
	 */
	public static void in(Object owner, int failures, String... fields) {
		in(executor(owner, fields), failures);
	}

	/**
	 * Let an executor have some threads more, and no other.
	 */
	public static void after(Object owner, int successes, String... fields) {
		ThreadPoolExecutor executor = executor(owner, fields);
		executor.setThreadFactory(new FailingThreads(executor.getThreadFactory(), (number) -> number > successes));
	}

	private static ThreadPoolExecutor executor(Object owner, String... fields) {
		Object found = owner;
		for (String field : fields) {
			found = ReflectionTestUtils.getField(found, field);
		}
		return (ThreadPoolExecutor) found;
	}

	@Override
	public Thread newThread(Runnable task) {
		if (!this.fails.test(this.threads.incrementAndGet())) {
			return this.target.newThread(task);
		}
		return new Thread(task) {

			@Override
			public void start() {
				throw new OutOfMemoryError("unable to create native thread, says the test");
			}

		};
	}

}
