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

package dev.failover.template;

import java.util.function.Supplier;

import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.rabbit.support.micrometer.RabbitTemplateObservationConvention;

import dev.failover.broker.Broker;

/**
 * Starts the observation of each message that a template publishes. Without a registry,
 * and if its sender's thread carries nothing, a message costs a look.
 */
final class SendObservations {

	private final Supplier<@Nullable Broker> lastBroker;

	private volatile @Nullable RabbitTemplateObservationConvention convention;

	private volatile String templateName = "rabbitTemplate";

	SendObservations(Supplier<@Nullable Broker> lastBroker) {
		this.lastBroker = lastBroker;
	}

	void convention(RabbitTemplateObservationConvention convention) {
		this.convention = convention;
	}

	void templateName(String name) {
		this.templateName = name;
	}

	/**
	 * Follow a message that is about to be published. Its observation starts here, by
	 * which the message gets its trace headers.
	 * @return what follows it, or {@code null} if nothing has to
	 */
	@Nullable SendTrace start(ObservationRegistry registry, String exchange, String routingKey, Message message) {
		ThreadContext sender = ThreadContexts.capture(registry);
		if (!registry.isNoop()) {
			FailoverSenderContext context = new FailoverSenderContext(message, this.templateName, exchange, routingKey);
			Observation observation = FailoverTemplateObservation.SEND.observation(this.convention,
					FailoverTemplateObservation.DefaultConvention.INSTANCE, () -> context, registry);
			if (!observation.isNoop()) {
				observation.start();
				return new SendTrace(sender, observation, context, this.lastBroker.get());
			}
		}
		return (sender != null) ? new SendTrace(sender) : null;
	}

}
