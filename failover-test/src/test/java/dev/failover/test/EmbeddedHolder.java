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

import java.time.Duration;

import static org.awaitility.Awaitility.await;

/**
 * Holds an embedded broker, and uses it while the JVM is shut down.
 */
public final class EmbeddedHolder {

	static final String IN_ORDER = "used and closed";

	private EmbeddedHolder() {
	}

	public static void main(String[] args) {
		EmbeddedBroker broker = EmbeddedBroker.builder().start();
		Runtime.getRuntime().addShutdownHook(new Thread(() -> {
			await().during(Duration.ofSeconds(1))
				.atMost(Duration.ofSeconds(5))
				.until(() -> AmqpProbe.answers(broker.port()));
			broker.close();
			System.out.println(IN_ORDER);
		}, "holder"));
		System.exit(0);
	}

}
