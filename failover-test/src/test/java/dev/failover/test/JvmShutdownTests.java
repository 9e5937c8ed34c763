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

import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class JvmShutdownTests {

	@Test
	void embeddedBrokerEndsWithItsOwnerAndNotBefore() throws Exception {
		Process jvm = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp",
				System.getProperty("java.class.path"), EmbeddedHolder.class.getName())
			.redirectErrorStream(true)
			.start();
		try {
			assertThat(new String(jvm.getInputStream().readAllBytes())).contains(EmbeddedHolder.IN_ORDER)
				.doesNotContain("Exception");
			assertThat(jvm.waitFor(10, TimeUnit.SECONDS)).isTrue();
		}
		finally {
			jvm.destroyForcibly();
		}
	}

}
