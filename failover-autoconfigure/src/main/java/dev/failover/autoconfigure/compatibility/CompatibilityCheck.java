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

import java.lang.module.ModuleDescriptor.Version;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * Fails the startup with versions that this library does not work with, and warns of
 * those that it has not been tested with.
 */
final class CompatibilityCheck {

	private static final Log logger = LogFactory.getLog(CompatibilityCheck.class);

	private static final Version BOOT = Version.parse("4.1.0");

	private static final Version NEXT_BOOT = Version.parse("4.2.0-0");

	/**
	 * Before it, a channel whose close cannot be deferred is not closed at all.
	 */
	private static final Version AMQP = Version.parse("4.1.2");

	private static final Version NEXT_AMQP = Version.parse("4.2.0-0");

	private final ClassPath classPath;

	CompatibilityCheck(ClassPath classPath) {
		this.classPath = classPath;
	}

	/**
	 * Check the class path.
	 * @throws IncompatibleVersionException if a version does not fit
	 */
	void run() {
		checkBoot(this.classPath.getBootVersion());
		checkAmqp(this.classPath.getAmqpVersion());
		if (!this.classPath.contains(ClassPath.RETRY_TEMPLATE)) {
			logger.warn("There is no FailoverTemplate, and @Ensure has no effect, because spring-retry is not on the "
					+ "class path: add org.springframework.retry:spring-retry");
		}
	}

	private void checkBoot(@Nullable String found) {
		Version version = parse(found);
		if (version != null && version.compareTo(BOOT) < 0) {
			throw new IncompatibleVersionException("Spring Boot", found, "4.1",
					"Upgrade Spring Boot to 4.1.2 or a later 4.1");
		}
		if (this.classPath.contains(ClassPath.BOOT_RABBIT)) {
			warnIfUntested("Spring Boot", found, version, NEXT_BOOT);
			return;
		}
		if (isNext(version, NEXT_BOOT) || this.classPath.contains(ClassPath.NEXT_BOOT_RABBIT)) {
			throw new IncompatibleVersionException("Spring Boot", isNext(version, NEXT_BOOT) ? found : "4.2 or later",
					"4.1",
					"Use Spring Boot 4.1, or a version of this library that is made for yours: from 4.2 on, Spring Boot "
							+ "has its support for RabbitMQ in another package");
		}
		throw new IncompatibleVersionException("spring-boot-amqp", null, "4.1",
				"Do not exclude org.springframework.boot:spring-boot-amqp, and use Spring Boot 4.1");
	}

	private void checkAmqp(@Nullable String found) {
		Version version = parse(found);
		if (version == null) {
			logger.warn("The version of Spring AMQP is not known, as it is not in a jar with its manifest: 4.1.2 or a "
					+ "later 4.1 is needed");
		}
		else if (version.compareTo(AMQP) < 0) {
			throw new IncompatibleVersionException("Spring AMQP", found, "4.1.2",
					"Use Spring Boot 4.1.2 or later, which brings Spring AMQP 4.1.2, or set its property "
							+ "'spring-amqp.version' to 4.1.2");
		}
		warnIfUntested("Spring AMQP", found, version, NEXT_AMQP);
	}

	private static void warnIfUntested(String what, @Nullable String found, @Nullable Version version, Version next) {
		if (isNext(version, next)) {
			logger.warn("Failover has not been tested with %s %s, but with 4.1: some of what it promises may not hold"
				.formatted(what, found));
		}
	}

	private static boolean isNext(@Nullable Version version, Version next) {
		return version != null && version.compareTo(next) >= 0;
	}

	private static @Nullable Version parse(@Nullable String version) {
		try {
			return (version != null) ? Version.parse(version) : null;
		}
		catch (IllegalArgumentException ex) {
			return null;
		}
	}

}
