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

package dev.failover.autoconfigure.compatibility;

import java.util.Set;
import java.util.TreeSet;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

/**
 * Tests for {@link CompatibilityCheck}.
 */
@ExtendWith(OutputCaptureExtension.class)
class CompatibilityCheckTests {

	private final Set<String> missing = new TreeSet<>(Set.of(ClassPath.NEXT_BOOT_RABBIT));

	@ParameterizedTest
	@CsvSource({ "4.1.0, 4.1.2", "4.1.2, 4.1.2", "4.1.13, 4.1.10", "4.1.3-SNAPSHOT, 4.1.3-SNAPSHOT" })
	void versionsThatFitPass(String boot, String amqp, CapturedOutput output) {
		check(boot, amqp);
		assertThat(output).doesNotContain("WARN");
	}

	@Test
	void versionsOfTheBuildPass(CapturedOutput output) {
		new CompatibilityCheck(new ClassPath(getClass().getClassLoader())).run();
		assertThat(output).doesNotContain("WARN");
	}

	@ParameterizedTest
	@ValueSource(strings = { "4.0.9", "4.0.0-M1", "4.1.0-RC1", "3.5.7", "2.7.18" })
	void earlierBootFails(String boot) {
		assertFails(boot, "4.1.2", "Spring Boot 4.1 or a later patch release, but found " + boot,
				"Upgrade Spring Boot");
	}

	@ParameterizedTest
	@ValueSource(strings = { "4.2.0", "4.2.0-M1", "4.3.1", "5.0.0", "4.1.9" })
	void bootWithTheMovedPackageFails(String boot) {
		this.missing.remove(ClassPath.NEXT_BOOT_RABBIT);
		this.missing.add(ClassPath.BOOT_RABBIT);
		assertFails(boot, "4.2.0", boot.equals("4.1.9") ? "found 4.2 or later" : "found " + boot,
				"Use Spring Boot 4.1");
	}

	@Test
	void laterBootWithoutItsSupportFails() {
		this.missing.add(ClassPath.BOOT_RABBIT);
		assertFails("4.2.0", "4.1.2", "found 4.2.0", "Use Spring Boot 4.1");
	}

	@Test
	void missingSupportFails() {
		this.missing.add(ClassPath.BOOT_RABBIT);
		assertFails("4.1.2", "4.1.2", "spring-boot-amqp 4.1 or a later patch release, but found none",
				"Do not exclude");
	}

	@ParameterizedTest
	@ValueSource(strings = { "4.1.1", "4.1.0", "4.1.0-M3", "4.0.6", "3.2.12", "4.1.2-RC1" })
	void earlierAmqpFails(String amqp) {
		assertFails("4.1.2", amqp, "Spring AMQP 4.1.2 or a later patch release, but found " + amqp,
				"spring-amqp.version");
	}

	@Test
	void laterAmqpIsWarnedOf(CapturedOutput output) {
		check("4.1.2", "4.2.0-M1");
		assertThat(output).contains("WARN").contains("has not been tested with Spring AMQP 4.2.0-M1");
	}

	@Test
	void laterBootWithTheOldPackageIsWarnedOf(CapturedOutput output) {
		check("4.2.0", "4.1.2");
		assertThat(output).contains("WARN").contains("has not been tested with Spring Boot 4.2.0");
	}

	@ParameterizedTest
	@CsvSource({ ",", "unknown, unknown" })
	void unknownVersionsAreWarnedOf(@Nullable String boot, @Nullable String amqp, CapturedOutput output) {
		check(boot, amqp);
		assertThat(output).contains("WARN").contains("version of Spring AMQP is not known");
	}

	@Test
	void missingRetryIsWarnedOf(CapturedOutput output) {
		this.missing.add(ClassPath.RETRY_TEMPLATE);
		check("4.1.2", "4.1.2");
		assertThat(output).contains("WARN")
			.contains("@Ensure has no effect, because spring-retry is not on the class path");
	}

	private void assertFails(String boot, String amqp, String message, String action) {
		IncompatibleVersionException failure = catchThrowableOfType(IncompatibleVersionException.class,
				() -> check(boot, amqp));
		FailureAnalysis analysis = new IncompatibleVersionFailureAnalyzer().analyze(failure);
		assertThat(analysis.getDescription()).contains(message);
		assertThat(analysis.getAction()).contains(action).contains("'failover.enabled=false'");
	}

	private void check(@Nullable String boot, @Nullable String amqp) {
		new CompatibilityCheck(new ClassPath(null) {

			@Override
			boolean contains(String className) {
				return !CompatibilityCheckTests.this.missing.contains(className);
			}

			@Override
			@Nullable String getBootVersion() {
				return boot;
			}

			@Override
			@Nullable String getAmqpVersion() {
				return amqp;
			}

		}).run();
	}

}
