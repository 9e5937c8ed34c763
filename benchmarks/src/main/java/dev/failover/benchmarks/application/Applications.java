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

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

import org.springframework.amqp.core.Queue;
import org.springframework.boot.Banner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.benchmarks.support.NodePair;

/**
 * Runs Spring Boot applications that have the queue.
 */
public final class Applications {

	private Applications() {
	}

	/**
	 * Run an application.
	 * @param source its configuration
	 * @param properties its properties, each {@code name=value}
	 * @return its context
	 */
	public static ConfigurableApplicationContext run(Class<?> source, List<String> properties) {
		SpringApplication application = new SpringApplication(source, QueueConfiguration.class);
		application.setWebApplicationType(WebApplicationType.NONE);
		application.setBannerMode(Banner.Mode.OFF);
		application.setLogStartupInfo(false);
		application.setRegisterShutdownHook(false);
		return application.run(properties.stream().map((property) -> "--" + property).toArray(String[]::new));
	}

	static List<String> properties(String authorities, String... more) {
		List<String> properties = new ArrayList<>(Arrays.asList(more));
		properties.add("spring.rabbitmq.ssl.bundle=nodes");
		properties.add("spring.ssl.bundle.pem.nodes.truststore.certificate=" + authorities);
		return properties;
	}

	@Configuration(proxyBeanMethods = false)
	static class QueueConfiguration {

		@Bean
		Queue queue() {
			return new Queue(NodePair.QUEUE);
		}

	}

}
