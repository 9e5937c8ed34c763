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

package dev.failover.benchmarks.soak;

import org.jspecify.annotations.Nullable;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Configuration;

import dev.failover.benchmarks.stream.Tally;
import dev.failover.benchmarks.support.NodePair;

/**
 * The application that publishes and consumes.
 */
@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
class SoakApplication {

	private volatile @Nullable Tally tally;

	void deliverTo(Tally tally) {
		this.tally = tally;
	}

	@RabbitListener(queues = NodePair.QUEUE)
	void receive(String body) {
		Tally target = this.tally;
		if (target != null) {
			target.found(body);
		}
	}

}
