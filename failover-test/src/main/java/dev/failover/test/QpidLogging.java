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

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the embedded broker's log out of the application's: it warns about every port
 * that is opened, and reports errors for every orderly shutdown. Works for Logback, and
 * leaves a level that somebody set.
 */
final class QpidLogging {

	private static final String LOGGER = "org.apache.qpid";

	private static final boolean LOGBACK_PRESENT = isPresent("ch.qos.logback.classic.Logger");

	private QpidLogging() {
	}

	static void silence() {
		if (LOGBACK_PRESENT) {
			Logback.silence();
		}
	}

	private static boolean isPresent(String className) {
		try {
			Class.forName(className, false, QpidLogging.class.getClassLoader());
			return true;
		}
		catch (ClassNotFoundException ex) {
			return false;
		}
	}

	private static final class Logback {

		private static void silence() {
			if (LoggerFactory.getLogger(LOGGER) instanceof Logger logger && logger.getLevel() == null) {
				logger.setLevel(Level.OFF);
			}
		}

	}

}
