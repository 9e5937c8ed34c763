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

package dev.failover.listener;

import java.beans.PropertyDescriptor;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Executors;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.amqp.core.AcknowledgeMode;
import org.springframework.amqp.core.MessagePostProcessor;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.amqp.rabbit.core.RabbitAdmin;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.DirectMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.SimpleMessageListenerContainer;
import org.springframework.amqp.rabbit.transaction.RabbitTransactionManager;
import org.springframework.beans.BeanUtils;
import org.springframework.core.task.SimpleAsyncTaskExecutor;
import org.springframework.core.task.TaskExecutor;
import org.springframework.util.ReflectionUtils;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * No connection is opened.
 */
class ContainerCopyTests {

	private final CachingConnectionFactory theirs = new CachingConnectionFactory("original.example");

	private final CachingConnectionFactory ours = new CachingConnectionFactory("copy.example");

	@Test
	void simpleContainerIsCopiedWithItsSettings() {
		SimpleMessageListenerContainer original = new SimpleMessageListenerContainer(this.theirs);
		original.setConcurrentConsumers(3);
		original.setMaxConcurrentConsumers(7);
		original.setReceiveTimeout(123);
		original.setBatchSize(4);
		original.setConsumerBatchEnabled(true);
		setCommon(original);
		SimpleMessageListenerContainer copy = (SimpleMessageListenerContainer) copy(original);
		assertCommon(copy, original);
		assertThat(List.of("concurrentConsumers", "maxConcurrentConsumers", "receiveTimeout", "batchSize",
				"consumerBatchEnabled"))
			.allSatisfy((name) -> assertThat(Settings.read(copy, name)).isEqualTo(Settings.read(original, name)));
	}

	@Test
	void directContainerIsCopiedWithItsSettings() {
		DirectMessageListenerContainer original = new DirectMessageListenerContainer(this.theirs);
		original.setConsumersPerQueue(3);
		original.setMonitorInterval(77);
		original.setMessagesPerAck(5);
		setCommon(original);
		DirectMessageListenerContainer copy = (DirectMessageListenerContainer) copy(original);
		assertCommon(copy, original);
		assertThat(List.of("consumersPerQueue", "monitorInterval", "messagesPerAck"))
			.allSatisfy((name) -> assertThat(Settings.read(copy, name)).isEqualTo(Settings.read(original, name)));
	}

	private static void setCommon(AbstractMessageListenerContainer original) {
		original.setQueueNames("orders");
		original.setListenerId("desk");
		original.setAcknowledgeMode(AcknowledgeMode.MANUAL);
		original.setPrefetchCount(17);
		original.setConsumerArguments(Map.of("x-priority", 5));
		original.setAfterReceivePostProcessors((MessagePostProcessor) (message) -> message);
		original.setDefaultRequeueRejected(false);
		original.setShutdownTimeout(99);
		original.setMissingQueuesFatal(true);
		original.setMessageListener((message) -> {
		});
	}

	private void assertCommon(AbstractMessageListenerContainer copy, AbstractMessageListenerContainer original) {
		assertThat(copy.getConnectionFactory()).isSameAs(this.ours);
		assertThat(copy.getListenerId()).isEqualTo("desk");
		assertThat(copy.getAcknowledgeMode()).isEqualTo(AcknowledgeMode.MANUAL);
		assertThat(copy.getConsumerArguments()).isEqualTo(Map.of("x-priority", 5));
		assertThat(copy.getMessageListener()).isSameAs(original.getMessageListener());
		assertThat(List.of("prefetchCount", "defaultRequeueRejected", "shutdownTimeout", "afterReceivePostProcessors"))
			.allSatisfy((name) -> assertThat(Settings.read(copy, name)).isEqualTo(Settings.read(original, name)));
		assertThat(copy.getQueueNames()).isEmpty();
		assertThat(Settings.read(copy, "missingQueuesFatal")).isEqualTo(false);
		assertThat(Settings.read(copy, "applicationEventPublisher")).isNull();
	}

	@ParameterizedTest
	@ValueSource(classes = { SimpleMessageListenerContainer.class, DirectMessageListenerContainer.class })
	void everySettingOfSpringsIsCopiedOrLeftOutOnPurpose(Class<?> type) {
		Set<String> unknown = new TreeSet<>();
		for (PropertyDescriptor property : BeanUtils.getPropertyDescriptors(type)) {
			String name = property.getName();
			if (property.getWriteMethod() != null && !ContainerCopy.NOT_COPIED.contains(name)
					&& ReflectionUtils.findField(type, name) == null) {
				unknown.add(name);
			}
		}
		assertThat(unknown).isSubsetOf("channelTransacted", "concurrency", "consumerArguments", "queueNames",
				"upMessageListener", "recoveryInterval");
	}

	@Test
	void transactionManagerOfRabbitIsReplacedByOneForTheCopy() {
		SimpleMessageListenerContainer original = new SimpleMessageListenerContainer(this.theirs);
		original.setTransactionManager(new RabbitTransactionManager(this.theirs));
		assertThat(Settings.read(copy(original), "transactionManager")).isInstanceOfSatisfying(
				RabbitTransactionManager.class,
				(manager) -> assertThat(manager.getConnectionFactory()).isSameAs(this.ours));
	}

	@Test
	void threadsOfAPoolAreNotShared() {
		SimpleMessageListenerContainer original = new SimpleMessageListenerContainer(this.theirs);
		TaskExecutor unbounded = new SimpleAsyncTaskExecutor();
		original.setTaskExecutor(unbounded);
		assertThat(Settings.read(copy(original), "taskExecutor")).isSameAs(unbounded);
		var pool = Executors.newFixedThreadPool(1);
		original.setTaskExecutor(pool);
		assertThat(Settings.read(copy(original), "taskExecutor")).isNotSameAs(pool);
		pool.shutdown();
	}

	private AbstractMessageListenerContainer copy(AbstractMessageListenerContainer original) {
		return ContainerCopy.of(original, this.ours, new RabbitAdmin(this.ours));
	}

}
