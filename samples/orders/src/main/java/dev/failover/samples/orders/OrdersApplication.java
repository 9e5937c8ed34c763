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

package dev.failover.samples.orders;

import org.springframework.amqp.core.Queue;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.scheduling.annotation.EnableScheduling;

/**
 * The shop. Without {@code failover.brokers} it brings two embedded brokers along.
 */
@SpringBootApplication(proxyBeanMethods = false)
@EnableScheduling
public class OrdersApplication {

	static final String QUEUE = "orders";

	@Bean
	Queue ordersQueue() {
		return new Queue(QUEUE);
	}

	/**
	 * Start the shop.
	 * @param arguments arguments of Spring Boot, such as {@code --failover.brokers=...}
	 */
	public static void main(String[] arguments) {
		SpringApplication application = new SpringApplication(OrdersApplication.class);
		application.addInitializers(new LocalBrokersInitializer());
		application.run(arguments);
	}

}
