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

package dev.failover.benchmarks.application;

import java.net.URI;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.stream.Collectors;

import org.springframework.amqp.AmqpException;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.connection.CorrelationData;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.boot.amqp.autoconfigure.RabbitAutoConfiguration;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

import dev.failover.benchmarks.support.NodePair;

/**
 * An application without the starter, as somebody writes it who must not lose a message:
 * addresses of both brokers, correlated confirms, mandatory messages, and a loop that
 * sends a message again until it is confirmed.
 */
public final class SpringPublisher implements Publisher {

	private static final long CONFIRM_SECONDS = 5;

	private static final long PAUSE = TimeUnit.MILLISECONDS.toNanos(10);

	private final ConfigurableApplicationContext context;

	private final RabbitTemplate template;

	private volatile boolean closed;

	private SpringPublisher(ConfigurableApplicationContext context) {
		this.context = context;
		this.template = context.getBean(RabbitTemplate.class);
	}

	/**
	 * Start an application.
	 * @param brokers the brokers
	 * @param authorities the certificates to trust where a broker is connected to over
	 * TLS, PEM
	 * @return the application
	 */
	public static Publisher start(List<URI> brokers, String authorities) {
		return new SpringPublisher(run(brokers, authorities));
	}

	/**
	 * Run an application without the starter.
	 * @param brokers the brokers
	 * @param authorities the certificates to trust where a broker is connected to over
	 * TLS, PEM
	 * @return its context
	 */
	public static ConfigurableApplicationContext run(List<URI> brokers, String authorities) {
		String addresses = brokers.stream().map(URI::toString).collect(Collectors.joining(","));
		return Applications.run(Sender.class,
				Applications.properties(authorities, "spring.rabbitmq.addresses=" + addresses,
						"spring.rabbitmq.publisher-confirm-type=correlated", "spring.rabbitmq.publisher-returns=true",
						"spring.rabbitmq.template.mandatory=true"));
	}

	@Override
	public CompletableFuture<?> publish(String body, Consumer<Throwable> errors) {
		for (int failed = 0; !this.closed; failed++) {
			try {
				send(body);
				return CompletableFuture.completedFuture(null);
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
				return CompletableFuture.failedFuture(ex);
			}
			catch (Exception ex) {
				errors.accept(ex);
				if (failed > 0) {
					LockSupport.parkNanos(PAUSE);
				}
			}
		}
		return CompletableFuture.failedFuture(new IllegalStateException("Closed before the message was confirmed"));
	}

	private void send(String body) throws Exception {
		CorrelationData correlation = new CorrelationData();
		this.template.convertAndSend("", NodePair.QUEUE, body, correlation);
		CorrelationData.Confirm confirm = correlation.getFuture().get(CONFIRM_SECONDS, TimeUnit.SECONDS);
		if (!confirm.ack()) {
			throw new AmqpException("Not confirmed: " + confirm.reason());
		}
		if (correlation.getReturned() != null) {
			throw new AmqpException("Returned");
		}
	}

	@Override
	public int activePort() {
		com.rabbitmq.client.Connection connection = this.context.getBean(ConnectionFactory.class)
			.createConnection()
			.getDelegate();
		return (connection != null) ? connection.getPort() : 0;
	}

	@Override
	public void close() {
		this.closed = true;
		this.context.close();
	}

	@Configuration(proxyBeanMethods = false)
	@ImportAutoConfiguration({ SslAutoConfiguration.class, RabbitAutoConfiguration.class })
	static class Sender {

	}

}
