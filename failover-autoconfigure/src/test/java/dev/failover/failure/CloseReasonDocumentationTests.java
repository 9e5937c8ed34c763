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

package dev.failover.failure;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Compares the table of the reference documentation with {@link CloseReason}.
 */
class CloseReasonDocumentationTests {

	@Test
	void documentationHasAllRowsAndNoOther() throws IOException {
		List<String> documented = Files.readAllLines(Path.of("..", "docs", "ensure.md"))
			.stream()
			.dropWhile((line) -> !line.startsWith("| closed | code |"))
			.skip(2)
			.takeWhile((line) -> line.startsWith("|"))
			.toList();
		assertThat(documented)
			.containsExactlyElementsOf(Arrays.stream(CloseReason.values()).map(CloseReason::toRow).toList());
	}

}
