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

package dev.failover.autoconfigure.stream;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.core.BatchingRabbitTemplate;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.cloud.stream.config.BindingProperties;
import org.springframework.cloud.stream.config.BindingServiceProperties;
import org.springframework.cloud.stream.config.ProducerMessageHandlerCustomizer;
import org.springframework.core.Ordered;
import org.springframework.core.retry.RetryPolicy;
import org.springframework.core.retry.RetryTemplate;
import org.springframework.integration.amqp.outbound.AmqpOutboundEndpoint;
import org.springframework.integration.amqp.outbound.RabbitStreamMessageHandler;
import org.springframework.messaging.MessageHandler;

import dev.failover.template.FailoverTemplate;

/**
 * Has what the producers of the binder for RabbitMQ send published with failover. Each of
 * them has a {@link RabbitTemplate} that the binder has set up. It keeps its template,
 * which converts, batches, compresses and observes as before, and is given a connection
 * factory whose channels publish through a {@link FailoverTemplate}. A producer for which
 * that cannot be is left as it is, with a warning.
 */
final class BinderProducerCustomizer implements ProducerMessageHandlerCustomizer<MessageHandler>, Ordered {

	private static final Log logger = LogFactory.getLog(BinderProducerCustomizer.class);

	private static final String WITHOUT = "%s publishes without failover, because %s";

	private final ConnectionFactory connectionFactory;

	private final FailoverTemplate template;

	private final ObjectProvider<BindingServiceProperties> bindings;

	/**
	 * Create a customizer.
	 * @param connectionFactory the connection factory that fails over
	 * @param template publishes with it
	 * @param bindings tell the names of bindings
	 */
	BinderProducerCustomizer(ConnectionFactory connectionFactory, FailoverTemplate template,
			ObjectProvider<BindingServiceProperties> bindings) {
		this.connectionFactory = connectionFactory;
		this.template = template;
		this.bindings = bindings;
	}

	/**
	 * After those of the application, which see the producer as the binder has made it.
	 */
	@Override
	public int getOrder() {
		return LOWEST_PRECEDENCE;
	}

	@Override
	public void configure(MessageHandler handler, String destination) {
		if (handler instanceof AmqpOutboundEndpoint endpoint && endpoint.getRabbitTemplate() != null) {
			configure(endpoint.getRabbitTemplate(), destination);
		}
		else if (handler instanceof RabbitStreamMessageHandler) {
			warn(destination, "it is a producer of RabbitMQ streams, whose connections do not fail over");
		}
	}

	private void configure(RabbitTemplate binderTemplate, String destination) {
		String obstacle = obstacle(binderTemplate);
		if (obstacle != null) {
			warn(destination, obstacle);
			return;
		}
		binderTemplate.setConnectionFactory(new BinderConnectionFactory(this.template));
		// A failure has used up all the time that there is for a message
		binderTemplate.setRetryTemplate(new RetryTemplate(RetryPolicy.withMaxRetries(0)));
		if (binderTemplate instanceof BatchingRabbitTemplate) {
			logger.warn("%s sends batches: messages whose batch is not complete yet are lost with the application, and "
				.formatted(describe(destination)) + "their senders are not told if the batch cannot be published");
		}
	}

	private @Nullable String obstacle(RabbitTemplate binderTemplate) {
		if (binderTemplate.isChannelTransacted()) {
			return "its channel is transacted: what it sends fails if its broker is lost, and is not repeated";
		}
		if (binderTemplate.getConnectionFactory() != this.connectionFactory) {
			return "its binder has a connection factory of its own: messages that are on their way when a broker is "
					+ "lost may be lost without an exception";
		}
		return null;
	}

	private void warn(String destination, String reason) {
		logger.warn(WITHOUT.formatted(describe(destination), reason));
	}

	private String describe(String destination) {
		List<String> names = this.bindings.stream()
			.flatMap((properties) -> properties.getBindings().entrySet().stream())
			.filter((binding) -> binding.getValue().getProducer() != null && isFor(binding, destination))
			.map(Map.Entry::getKey)
			.toList();
		return names.isEmpty() ? "Spring Cloud Stream's producer for destination '%s'".formatted(destination)
				: names.stream()
					.collect(Collectors.joining("', '", "Spring Cloud Stream's binding '", "' (destination '%s')"))
					.formatted(destination);
	}

	private static boolean isFor(Map.Entry<String, BindingProperties> binding, String destination) {
		String configured = binding.getValue().getDestination();
		return destination.equals((configured != null) ? configured : binding.getKey());
	}

}
