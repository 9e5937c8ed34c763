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

import java.io.File;
import java.nio.file.Path;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opentest4j.TestAbortedException;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

/**
 * What happens to tests that need a browser where there is none.
 */
class ChromiumTests {

	@Test
	void isFoundInThePath(@TempDir Path one, @TempDir Path other) throws Exception {
		String path = one + File.pathSeparator + other;
		assertThat(Chromium.find(path)).isEmpty();
		Path file = other.resolve("chromium");
		assertThat(file.toFile().createNewFile()).isTrue();
		assertThat(Chromium.find(path)).isEmpty();
		assertThat(file.toFile().setExecutable(true)).isTrue();
		assertThat(Chromium.find(path)).contains(file);
	}

	@Test
	void skipsTestsWithoutIt() {
		assertThatExceptionOfType(TestAbortedException.class).isThrownBy(() -> Chromium.refuse(false))
			.withMessageContaining("chromium is not installed");
	}

	@Test
	void failsTestsWithoutItInCi() {
		assertThatIllegalStateException().isThrownBy(() -> Chromium.refuse(true))
			.withMessageContaining("Must not be skipped with CI=true: chromium is not installed");
	}

}
