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

import java.util.Scanner;

import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.amqp.rabbit.listener.RabbitListenerEndpointRegistry;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.broker.Brokers;
import dev.failover.listener.PullConsumer;

/**
 * An application in a process of its own without a web server, whose main method returns:
 * what keeps the process running is what works in it. It prints what it handles, and does
 * what it is told on its standard input.
 */
public final class WorkerApplication {

	static final String HANDLED = "handled: ";

	static final String SENT = "sent";

	static final String STOPPED = "stopped";

	static final String CLOSE = "close";

	static final String STOP = "stop listeners";

	private WorkerApplication() {
	}

	public static void main(String[] args) {
		ConfigurableApplicationContext context = Applications.run(Worker.class, args);
		Thread commands = new Thread(() -> obey(context), "commands");
		commands.setDaemon(true);
		commands.start();
		RabbitTemplate template = context.getBean(RabbitTemplate.class);
		template.convertAndSend(context.getEnvironment().getRequiredProperty("worker.queue"), "first");
		System.out.println(SENT);
	}

	private static void obey(ConfigurableApplicationContext context) {
		Scanner input = new Scanner(System.in);
		while (input.hasNextLine()) {
			switch (input.nextLine()) {
				case CLOSE -> new Thread(context::close, "close").start();
				case STOP -> {
					context.getBean(RabbitListenerEndpointRegistry.class).stop();
					System.out.println(STOPPED);
				}
				default -> {
				}
			}
		}
	}

	@Configuration(proxyBeanMethods = false)
	static class Worker {

		@Bean
		Queue queue(@Value("${worker.queue}") String name) {
			return new Queue(name);
		}

		@Bean
		@ConditionalOnProperty(name = "worker.kind", havingValue = "listener")
		Listener listener() {
			return new Listener();
		}

		@Bean
		@ConditionalOnProperty(name = "worker.kind", havingValue = "pull")
		PullConsumer pullConsumer(ConnectionFactory connectionFactory, Brokers brokers,
				@Value("${worker.queue}") String name) {
			return new PullConsumer(connectionFactory, brokers, name,
					(message) -> System.out.println(HANDLED + new String(message.getBody())));
		}

	}

	static class Listener {

		@RabbitListener(queues = "${worker.queue}")
		void handle(String body) {
			System.out.println(HANDLED + body);
		}

	}

}
