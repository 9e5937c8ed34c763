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

package dev.failover.autoconfigure.rabbit;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.ConnectionFactory;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.core.ReturnedMessage;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.amqp.rabbit.connection.ChannelProxy;
import org.springframework.amqp.rabbit.connection.PublisherCallbackChannel;
import org.springframework.amqp.rabbit.connection.RabbitUtils;
import org.springframework.amqp.rabbit.core.RabbitTemplate;

import dev.failover.test.EmbeddedBroker;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link PromptConnectionFactory} with an embedded broker.
 */
class PromptConnectionFactoryTests {

	private final EmbeddedBroker broker = EmbeddedBroker.builder().start();

	private final CachingConnectionFactory factory = create();

	private CachingConnectionFactory create() {
		ConnectionFactory target = new ConnectionFactory();
		target.setHost(this.broker.host());
		target.setPort(this.broker.port());
		target.setAutomaticRecoveryEnabled(false);
		CachingConnectionFactory created = new PromptConnectionFactory(target);
		created.setPublisherReturns(true);
		return created;
	}

	@AfterEach
	void close() {
		this.factory.destroy();
		this.broker.close();
	}

	@Test
	void channelOfAConsumerThatStopsIsClosedAtOnce() throws Exception {
		Channel channel = this.factory.createConnection().createChannel(false);
		Channel target = ((ChannelProxy) channel).getTargetChannel();
		assertThat(target).isInstanceOf(PublisherCallbackChannel.class);
		RabbitUtils.setPhysicalCloseRequired(channel, true);
		channel.close();
		assertThat(target.isOpen()).isFalse();
	}

	@Test
	void channelOfThePublisherConnectionIsClosedAtOnce() throws Exception {
		this.factory.setChannelCacheSize(1);
		CachingConnectionFactory publisher = (CachingConnectionFactory) this.factory.getPublisherConnectionFactory();
		assertThat(publisher.isPublisherReturns()).isTrue();
		assertThat(publisher.getPublisherConnectionFactory()).isNull();
		Channel cached = publisher.createConnection().createChannel(false);
		Channel further = publisher.createConnection().createChannel(false);
		Channel target = ((ChannelProxy) further).getTargetChannel();
		cached.close();
		further.close();
		assertThat(target.isOpen()).isFalse();
	}

	@Test
	void channelThatIsNotUsedAnyMoreStaysInTheCache() throws Exception {
		Channel channel = this.factory.createConnection().createChannel(false);
		Channel target = ((ChannelProxy) channel).getTargetChannel();
		channel.close();
		assertThat(target.isOpen()).isTrue();
	}

	@Test
	void messageThatIsReturnedIsHandedToTheCallback() throws Exception {
		RabbitTemplate template = new RabbitTemplate(this.factory);
		CompletableFuture<ReturnedMessage> returned = new CompletableFuture<>();
		template.setMandatory(true);
		template.setReturnsCallback(returned::complete);
		template.convertAndSend("missing", "message");
		assertThat(returned.get(20, TimeUnit.SECONDS).getRoutingKey()).isEqualTo("missing");
	}

	@Test
	void threadThatCalledBackEndsAlsoIfNobodyDestroysTheFactory() throws Exception {
		AtomicReference<Thread> caller = new AtomicReference<>();
		RabbitTemplate template = new RabbitTemplate(this.factory);
		template.setMandatory(true);
		template.setReturnsCallback((returned) -> caller.set(Thread.currentThread()));
		template.convertAndSend("missing", "message");
		Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> caller.get() != null);
		assertThat(caller.get().getName()).startsWith("failover-callbacks-");
		Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> !caller.get().isAlive());
	}

	@Test
	void confirmsThatAreOutstandingAreWaitedFor() throws Exception {
		this.factory.setPublisherConfirmType(CachingConnectionFactory.ConfirmType.CORRELATED);
		Channel channel = this.factory.createConnection().createChannel(false);
		Channel target = ((ChannelProxy) channel).getTargetChannel();
		CountDownLatch confirmed = new CountDownLatch(1);
		target.addConfirmListener((number, multiple) -> confirmed.countDown(), (number, multiple) -> {
		});
		channel.basicPublish("", "missing", null, new byte[0]);
		RabbitUtils.setPhysicalCloseRequired(channel, true);
		channel.close();
		assertThat(confirmed.await(20, TimeUnit.SECONDS)).isTrue();
	}

}
