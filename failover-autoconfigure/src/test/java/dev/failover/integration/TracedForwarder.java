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

import java.util.concurrent.CompletableFuture;

import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageBuilder;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.template.Confirmation;
import dev.failover.template.FailoverTemplate;

/**
 * Application that forwards what it consumes, and a second time when the first is
 * confirmed. It knows nothing of tracing.
 */
@Configuration(proxyBeanMethods = false)
public class TracedForwarder {

	static final String IN = "traced";

	static final String OUT = "traced.forwarded";

	static final String CONFIRMED = "traced.confirmed";

	@Autowired
	private FailoverTemplate template;

	/**
	 * Run the application until its standard input is closed.
	 */
	public static void main(String[] arguments) throws Exception {
		ConfigurableApplicationContext context = Applications.run(TracedForwarder.class, arguments);
		while (System.in.read() >= 0) {
			// wait for the end
		}
		context.close();
	}

	@Bean
	Queue forwarded() {
		return new Queue(OUT);
	}

	@Bean
	Queue confirmed() {
		return new Queue(CONFIRMED);
	}

	@Bean
	Queue incoming() {
		return new Queue(IN);
	}

	@RabbitListener(queues = IN, concurrency = "8")
	void forward(Message message) {
		CompletableFuture<Confirmation> forwarded = this.template.sendAsync("", OUT, copy(message));
		forwarded.thenCompose((confirmation) -> this.template.sendAsync("", CONFIRMED, copy(message)));
	}

	private static Message copy(Message message) {
		return MessageBuilder.withBody(message.getBody()).build();
	}

}
