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

package dev.failover.integration;

import java.time.Duration;
import java.util.List;

import org.awaitility.Awaitility;

import dev.failover.test.RabbitNode;

/**
 * Quorum queues of a cluster of three nodes.
 */
final class QuorumQueues {

	private static final Duration PATIENCE = Duration.ofSeconds(90);

	private QuorumQueues() {
	}

	/**
	 * Wait until all members of queues take part, as a quorum queue of three does not
	 * survive the loss of two.
	 * @param asked a running node
	 */
	static void awaitOnline(RabbitNode asked, List<String> queues) {
		Awaitility.await()
			.atMost(PATIENCE)
			.ignoreExceptions()
			.until(() -> queues.stream().map((queue) -> online(asked, queue)).toList(),
					(online) -> online.stream().allMatch("3"::equals));
	}

	private static String online(RabbitNode asked, String queue) {
		return asked.evaluate("""
				{ok, Q} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"%s">>, queue, <<"%s">>)),
				[{online, Online}] = rabbit_amqqueue:info(Q, [online]), length(Online)."""
			.formatted(asked.virtualHost(), queue));
	}

}
