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
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.stream.Collectors;

import org.springframework.amqp.AmqpException;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

import dev.failover.benchmarks.support.NodePair;
import dev.failover.broker.Broker;
import dev.failover.broker.Brokers;
import dev.failover.template.FailoverTemplate;

/**
 * An application with the starter and its default settings.
 */
public final class FailoverPublisher implements Publisher {

	private final ConfigurableApplicationContext context;

	private final FailoverTemplate template;

	private final BiFunction<FailoverTemplate, String, CompletableFuture<?>> send;

	private FailoverPublisher(ConfigurableApplicationContext context,
			BiFunction<FailoverTemplate, String, CompletableFuture<?>> send) {
		this.context = context;
		this.template = context.getBean(FailoverTemplate.class);
		this.send = send;
	}

	/**
	 * Start an application that waits for each confirm.
	 * @param brokers the brokers
	 * @param authorities the certificates to trust where a broker is connected to over
	 * TLS, PEM
	 * @return the application
	 */
	public static Publisher blocking(List<URI> brokers, String authorities) {
		return of(run(Sender.class, brokers, authorities));
	}

	/**
	 * Start an application that goes on before the confirm.
	 * @param brokers the brokers
	 * @param authorities the certificates to trust where a broker is connected to over
	 * TLS, PEM
	 * @return the application
	 */
	public static Publisher asynchronous(List<URI> brokers, String authorities) {
		return new FailoverPublisher(run(Sender.class, brokers, authorities),
				(template, body) -> template.convertAndSendAsync("", NodePair.QUEUE, body));
	}

	/**
	 * Publish with an application that runs already.
	 * @param context its context, closed with the publisher
	 * @return the application
	 */
	public static Publisher of(ConfigurableApplicationContext context) {
		return new FailoverPublisher(context, FailoverPublisher::send);
	}

	private static CompletableFuture<?> send(FailoverTemplate template, String body) {
		template.convertAndSend(NodePair.QUEUE, body);
		return CompletableFuture.completedFuture(null);
	}

	/**
	 * Run an application with the starter.
	 * @param source its configuration
	 * @param brokers the brokers
	 * @param authorities the certificates to trust where a broker is connected to over
	 * TLS, PEM
	 * @return its context
	 */
	public static ConfigurableApplicationContext run(Class<?> source, List<URI> brokers, String authorities) {
		String urls = brokers.stream().map(URI::toString).collect(Collectors.joining(";"));
		return Applications.run(source, Applications.properties(authorities, "failover.brokers=" + urls));
	}

	@Override
	public CompletableFuture<?> publish(String body, Consumer<Throwable> errors) {
		CompletableFuture<?> result;
		try {
			result = this.send.apply(this.template, body);
		}
		catch (AmqpException ex) {
			result = CompletableFuture.failedFuture(ex);
		}
		return result.whenComplete((confirmation, failure) -> {
			if (failure != null) {
				errors.accept(failure);
			}
		});
	}

	@Override
	public int activePort() {
		Broker active = this.context.getBean(Brokers.class).getActive();
		return (active != null) ? active.port() : 0;
	}

	@Override
	public void close() {
		this.context.close();
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Sender {

	}

}
