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

package dev.failover.autoconfigure;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.core.Binding;
import org.springframework.amqp.core.BindingBuilder;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.core.TopicExchange;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Lazy;

import dev.failover.test.EmbeddedBroker;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for applications whose beans are created when they are needed.
 */
class LazyInitializationTests {

	@Test
	void topologyIsDeclaredOnEachBroker() {
		try (EmbeddedBroker first = EmbeddedBroker.builder().start();
				EmbeddedBroker second = EmbeddedBroker.builder().start();
				ConfigurableApplicationContext context = run(first, second, Topology.class)) {
			RabbitTemplate template = context.getBean(RabbitTemplate.class);
			template.convertAndSend("lazy", "any", "one");
			assertThat(template.receiveAndConvert("lazy", 10_000)).isEqualTo("one");
			first.kill();
			template.convertAndSend("lazy", "any", "two");
			assertThat(template.receiveAndConvert("lazy", 10_000)).isEqualTo("two");
		}
	}

	@Test
	void listenerThatIsNotLazyFollowsToTheNextBroker() {
		try (EmbeddedBroker first = EmbeddedBroker.builder().start();
				EmbeddedBroker second = EmbeddedBroker.builder().start();
				ConfigurableApplicationContext context = run(first, second, Listening.class)) {
			RabbitTemplate template = context.getBean(RabbitTemplate.class);
			template.convertAndSend("lazy", "any", "one");
			Listener listener = context.getBean(Listener.class);
			Awaitility.await().untilAsserted(() -> assertThat(listener.received).containsExactly("one"));
			first.kill();
			template.convertAndSend("lazy", "any", "two");
			Awaitility.await().untilAsserted(() -> assertThat(listener.received).containsExactly("one", "two"));
		}
	}

	private static ConfigurableApplicationContext run(EmbeddedBroker first, EmbeddedBroker second, Class<?> source) {
		SpringApplication application = new SpringApplication(Application.class, source);
		application.setWebApplicationType(WebApplicationType.NONE);
		application.setRegisterShutdownHook(false);
		return application.run("--spring.main.lazy-initialization=true",
				"--failover.brokers=" + first.uri() + ";" + second.uri());
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

	}

	@Configuration(proxyBeanMethods = false)
	static class Topology {

		@Bean
		Queue queue() {
			return new Queue("lazy");
		}

		@Bean
		TopicExchange exchange() {
			return new TopicExchange("lazy");
		}

		@Bean
		Binding binding(Queue queue, TopicExchange exchange) {
			return BindingBuilder.bind(queue).to(exchange).with("#");
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Listening extends Topology {

		@Bean
		@Lazy(false)
		Listener listener() {
			return new Listener();
		}

	}

	/**
	 * Keeps what it received.
	 */
	static class Listener {

		private final List<String> received = new CopyOnWriteArrayList<>();

		@RabbitListener(queues = "lazy")
		void on(String body) {
			this.received.add(body);
		}

	}

}
