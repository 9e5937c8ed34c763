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

package dev.failover.benchmarks.ensure;

import java.util.concurrent.TimeUnit;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * Calls of the same method: bare, and as advised beans.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class EnsureBenchmark {

	private final Calls.Bare bare = new Calls.Bare();

	private final ConfigurableApplicationContext context = EnsureApplication.run();

	private final Calls.Intercepted intercepted = this.context.getBean(Calls.Intercepted.class);

	private final Calls.Ensured ensured = this.context.getBean(Calls.Ensured.class);

	private final Calls.Retried retried = this.context.getBean(Calls.Retried.class);

	private long value = 1;

	/**
	 * End the application.
	 */
	@TearDown
	public void stop() {
		this.context.close();
	}

	/**
	 * Call a plain object.
	 * @return the result
	 */
	@Benchmark
	public long bare() {
		return this.bare.call(this.value);
	}

	/**
	 * Call a bean with an interceptor that does nothing.
	 * @return the result
	 */
	@Benchmark
	public long intercepted() {
		return this.intercepted.call(this.value);
	}

	/**
	 * Call a bean that is ensured.
	 * @return the result
	 */
	@Benchmark
	public long ensured() {
		return this.ensured.call(this.value);
	}

	/**
	 * Call a bean that spring-retry retries.
	 * @return the result
	 */
	@Benchmark
	public long retried() {
		return this.retried.call(this.value);
	}

}
