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

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A consumer of Spring Cloud Stream and a {@code @RabbitListener} of the same
 * application, which lose the same broker.
 */
@BrokerTest
class SpringCloudStreamLossIntegrationTests {

	private static final Log logger = LogFactory.getLog(SpringCloudStreamLossIntegrationTests.class);

	/**
	 * How many kills the medians are of. If nobody asks for any, one kill will do of
	 * which Stream is as fast: a busy machine makes a pause longer, and not shorter.
	 */
	private static final @Nullable Integer KILLS = Integer.getInteger("failover.test.kills");

	private static final int TRIES = 3;

	private static final int PER_SECOND = 500;

	/**
	 * By so much a pause is longer if the machine is busy with something else.
	 */
	private static final long BUSY_MILLIS = 50;

	private static final String DESTINATION = "streamed";

	private static final String STREAMED = DESTINATION + ".desk";

	private static final String LISTENED = "listened";

	@North
	private RabbitNode first;

	@South
	private RabbitNode second;

	@BeforeEach
	void empty() {
		QueueOnBroker.delete(STREAMED, this.first, this.second);
		QueueOnBroker.delete(LISTENED, this.first, this.second);
	}

	@ParameterizedTest
	@ValueSource(strings = { "simple", "direct" })
	void streamGoesOnAsSoonAsListener(String container) throws Exception {
		List<Long> streamed = new ArrayList<>();
		List<Long> listened = new ArrayList<>();
		for (int i = 0; (KILLS != null) ? i < KILLS : (i < TRIES && !isAsSoon(streamed, listened)); i++) {
			if (KILLS == null) {
				streamed.clear();
				listened.clear();
			}
			try (ConfigurableApplicationContext context = run(container)) {
				Both both = loseActiveBroker(context);
				streamed.add(both.streamed().longestPause());
				listened.add(both.listened().longestPause());
			}
			this.first.start();
			this.second.start();
		}
		String pauses = "%s: milliseconds without a message after a kill, Stream %s, listener %s".formatted(container,
				streamed, listened);
		logger.info(pauses);
		assertThat(isAsSoon(streamed, listened)).as(pauses).isTrue();
	}

	private static boolean isAsSoon(List<Long> streamed, List<Long> listened) {
		return !streamed.isEmpty() && median(streamed) <= median(listened) * 3 / 2 + BUSY_MILLIS;
	}

	private Both loseActiveBroker(ConfigurableApplicationContext context) throws Exception {
		Both both = context.getBean(Both.class);
		try (SteadyLoad load = SteadyLoad.start(context.getBean(FailoverTemplate.class), List.of(STREAMED, LISTENED),
				PER_SECOND)) {
			both.awaitMore(PER_SECOND);
			Applications.writeQueues(this.first, this.second);
			both.streamed().startOver();
			both.listened().startOver();
			Applications.active(context, this.first, this.second).kill();
			both.awaitMore(PER_SECOND / 2);
			load.end();
			assertThat(load.errors()).isEmpty();
		}
		return both;
	}

	private static long median(List<Long> values) {
		return values.stream().sorted().toList().get(values.size() / 2);
	}

	private ConfigurableApplicationContext run(String container) {
		return Applications.run(Subscriber.class,
				ConsumerTrial.settings(List.of(this.first, this.second), "spring.cloud.function.definition=desk",
						"spring.rabbitmq.listener.type=" + container,
						"spring.cloud.stream.bindings.desk-in-0.destination=" + DESTINATION,
						"spring.cloud.stream.bindings.desk-in-0.group=desk",
						"spring.cloud.stream.rabbit.bindings.desk-in-0.consumer.container-type=" + container));
	}

	@Configuration(proxyBeanMethods = false)
	static class Subscriber {

		@Bean
		Queue queue() {
			return new Queue(LISTENED);
		}

		@Bean
		Both both() {
			return new Both(new HandledWithPauses(), new HandledWithPauses());
		}

		@Bean
		Consumer<String> desk(Both both) {
			return both.streamed()::add;
		}

	}

	/**
	 * What both consumers have handled.
	 *
	 * @param streamed by the one of Spring Cloud Stream
	 * @param listened by the listener
	 */
	record Both(HandledWithPauses streamed, HandledWithPauses listened) {

		@RabbitListener(queues = LISTENED)
		void listen(String body) {
			this.listened.add(body);
		}

		void awaitMore(int messages) {
			int streamed = this.streamed.count() + messages;
			int listened = this.listened.count() + messages;
			this.streamed.await(streamed);
			this.listened.await(listened);
		}

	}

}
