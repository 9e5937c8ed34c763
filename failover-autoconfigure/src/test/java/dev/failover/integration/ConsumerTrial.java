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

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.assertj.core.api.SoftAssertions;
import org.awaitility.Awaitility;
import org.springframework.amqp.rabbit.listener.ListenerContainerConsumerFailedEvent;
import org.springframework.context.ConfigurableApplicationContext;

import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitNode;

/**
 * Has the consumers of a queue handle a steady load while their application changes
 * between two brokers, and checks what became of it. Whose consumers they are, and
 * whether Spring knows them, does not matter.
 *
 * @param what the name of the consumers in the log
 * @param context the application
 * @param queue the queue
 * @param handled what the consumers have handled
 * @param first one of the brokers
 * @param second the other one
 */
record ConsumerTrial(String what, ConfigurableApplicationContext context, String queue, HandledWithPauses handled,
		RabbitNode first, RabbitNode second) {

	/**
	 * Three times the pause that is promised for a planned move.
	 */
	static final long MOVE_MILLIS = 3 * 100;

	/**
	 * Three times the pause that is promised after the loss of a broker.
	 */
	static final long LOSS_MILLIS = 3 * 300;

	private static final Log logger = LogFactory.getLog(ConsumerTrial.class);

	private static final Duration PATIENCE = Duration.ofSeconds(30);

	private static final int PER_SECOND = 200;

	/**
	 * Return settings with which an application consumes from the active broker alone,
	 * changes it only when it must, and takes one that is back at once.
	 */
	static String[] settings(List<RabbitNode> nodes, String... more) {
		List<String> settings = new ArrayList<>(List.of(more));
		settings.add(Applications.brokers(nodes.toArray(RabbitNode[]::new)));
		settings.add("failover.listener.brokers=active");
		settings.add("failover.failback.enabled=false");
		settings.add("failover.detection.success-threshold=1");
		return settings.toArray(String[]::new);
	}

	/**
	 * Move to the other broker and back, as planned: nothing fails, is lost or handled
	 * twice, and Spring's containers notice nothing.
	 */
	void moveThereAndBack() throws Exception {
		this.context.addApplicationListener(
				(ListenerContainerConsumerFailedEvent event) -> this.handled.addError(event.toString()));
		try (SteadyLoad load = start()) {
			long there = move(load);
			long back = move(load);
			end(load);
			logger.info("%s: %d messages, pause %d ms there, %d ms back".formatted(this.what, load.sent().size(), there,
					back));
			SoftAssertions.assertSoftly((softly) -> {
				check(softly, load);
				softly.assertThat(this.handled.repeated()).as("messages handled more than once").isEmpty();
				softly.assertThat(List.of(there, back))
					.as("milliseconds without a message around a move")
					.allMatch((pause) -> pause <= MOVE_MILLIS);
			});
		}
	}

	/**
	 * Kill the active broker, start it again, and move back to it: nothing is lost, and
	 * the listener notices nothing.
	 */
	void loseActiveBroker() throws Exception {
		try (SteadyLoad load = start()) {
			RabbitNode lost = active();
			Applications.writeQueues(this.first, this.second);
			this.handled.startOver();
			lost.kill();
			awaitProgress(load);
			long pause = this.handled.longestPause();
			lost.start();
			Applications.awaitReturn(this.context, lost);
			long back = move(load);
			end(load);
			logger.info("%s: %d messages, pause %d ms after a kill, %d ms back, %d handled twice".formatted(this.what,
					load.sent().size(), pause, back, this.handled.repeated().size()));
			SoftAssertions.assertSoftly((softly) -> {
				check(softly, load);
				softly.assertThat(pause)
					.as("milliseconds without a message after a kill")
					.isLessThanOrEqualTo(LOSS_MILLIS);
			});
		}
	}

	private SteadyLoad start() {
		SteadyLoad load = SteadyLoad.start(this.context.getBean(FailoverTemplate.class), List.of(this.queue),
				PER_SECOND);
		this.handled.await(PER_SECOND);
		return load;
	}

	private long move(SteadyLoad load) throws Exception {
		QueueOnBroker left = new QueueOnBroker(active(), this.queue);
		this.handled.startOver();
		Applications.move(this.context);
		awaitProgress(load);
		long pause = this.handled.longestPause();
		logger.info("%s: moved away from %s, pause %d ms".formatted(this.what, left.broker(), pause));
		Awaitility.await("no consumer is left over").atMost(PATIENCE).until(() -> left.consumers() == 0);
		return pause;
	}

	/**
	 * Wait until messages are handled that are sent from now on.
	 */
	private void awaitProgress(SteadyLoad load) {
		this.handled.await(load.sent().size() + PER_SECOND / 2);
	}

	private void end(SteadyLoad load) throws Exception {
		load.end();
		this.handled.awaitAll(load.sent());
	}

	private void check(SoftAssertions softly, SteadyLoad load) {
		softly.assertThat(load.errors()).as("errors of the sender").isEmpty();
		softly.assertThat(this.handled.errors()).as("errors of the consumers").isEmpty();
	}

	private RabbitNode active() {
		return Applications.active(this.context, this.first, this.second);
	}

}
