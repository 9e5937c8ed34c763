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

import java.io.BufferedReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import dev.failover.test.junit.BrokersExtension;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

class JvmKillIntegrationTests {

	@BeforeAll
	static void requireRabbit() {
		BrokersExtension.requireRabbit();
	}

	@Test
	void leavesNothingBehindWhenTheJvmIsKilled() throws Exception {
		Process jvm = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp",
				System.getProperty("java.class.path"), NodeHolder.class.getName())
			.redirectError(ProcessBuilder.Redirect.DISCARD)
			.start();
		try (BufferedReader output = jvm.inputReader()) {
			int port = Integer.parseInt(output.readLine());
			int frozenPort = Integer.parseInt(output.readLine());
			Path folder = Path.of(output.readLine());
			assertThat(AmqpProbe.answers(port)).isTrue();
			assertThat(AmqpProbe.accepts(frozenPort)).isTrue();
			assertThat(folder).isDirectory();
			jvm.destroyForcibly();
			assertThat(jvm.waitFor(10, TimeUnit.SECONDS)).isTrue();
			await().atMost(Duration.ofSeconds(10))
				.until(() -> !AmqpProbe.accepts(port) && !AmqpProbe.accepts(frozenPort) && !Files.exists(folder));
		}
		finally {
			jvm.destroyForcibly();
		}
	}

}
