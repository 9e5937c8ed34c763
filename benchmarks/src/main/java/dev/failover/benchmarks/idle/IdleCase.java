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

package dev.failover.benchmarks.idle;

import java.net.URI;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;

import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

import dev.failover.benchmarks.application.Applications;
import dev.failover.benchmarks.support.NodePair;

/**
 * The applications that are watched while they have nothing to do.
 */
enum IdleCase {

	FAILOVER("Failover", (uris) -> List.of("failover.brokers=" + join(uris, ";"))),

	RARE("Failover, probes once an hour",
			(uris) -> List.of("failover.brokers=" + join(uris, ";"), "failover.detection.probe-interval=1h")),

	WITHOUT_STANDBY("Failover, no standby",
			(uris) -> List.of("failover.brokers=" + join(uris, ";"), "failover.standby=false")),

	ACTIVE("Failover, consuming from the active broker alone",
			(uris) -> List.of("failover.brokers=" + join(uris, ";"), "failover.listener.brokers=active")),

	SPRING("Spring Boot alone",
			(uris) -> List.of("failover.enabled=false", "spring.rabbitmq.addresses=" + join(uris, ",")));

	private final String title;

	private final Function<List<URI>, List<String>> properties;

	IdleCase(String title, Function<List<URI>, List<String>> properties) {
		this.title = title;
		this.properties = properties;
	}

	private static String join(List<URI> uris, String separator) {
		return uris.stream().map(URI::toString).collect(Collectors.joining(separator));
	}

	String title() {
		return this.title;
	}

	/**
	 * Start the application, and let it publish a message, so that it has all its
	 * connections.
	 * @param uris the brokers
	 * @return its context
	 */
	ConfigurableApplicationContext start(List<URI> uris) {
		ConfigurableApplicationContext context = Applications.run(Application.class, this.properties.apply(uris));
		context.getBean(RabbitTemplate.class).convertAndSend("", NodePair.QUEUE, "first");
		return context;
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

		@RabbitListener(queues = NodePair.QUEUE)
		void receive(String body) {
		}

	}

}
