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

package dev.failover.template;

import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

import com.rabbitmq.client.MessageProperties;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.connection.ConnectionFactoryUtils;
import org.springframework.amqp.rabbit.connection.CorrelationData;
import org.springframework.amqp.rabbit.connection.RabbitResourceHolder;
import org.springframework.amqp.rabbit.core.RabbitAdmin;
import org.springframework.amqp.rabbit.transaction.RabbitTransactionManager;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.jdbc.datasource.DriverManagerDataSource;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import org.springframework.transaction.support.TransactionTemplate;

import dev.failover.test.EmbeddedBroker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

/**
 * Tests for what is sent in the transaction of a database, on an embedded broker.
 */
class SendInTransactionTests {

	private static final String QUEUE = "orders";

	private EmbeddedBroker broker;

	private PublishingFixture fixture;

	private RabbitAdmin admin;

	private JdbcTemplate database;

	private DataSourceTransactionManager transactionManager;

	private TransactionTemplate transaction;

	@BeforeEach
	void start() {
		this.broker = EmbeddedBroker.builder().start();
		this.fixture = new PublishingFixture(List.of(this.broker));
		this.admin = new RabbitAdmin(this.fixture.connectionFactory);
		this.admin.declareQueue(new Queue(QUEUE));
		DriverManagerDataSource dataSource = new DriverManagerDataSource(
				"jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1");
		this.database = new JdbcTemplate(dataSource);
		this.database.execute("create table orders (id varchar primary key)");
		this.transactionManager = new DataSourceTransactionManager(dataSource);
		this.transaction = new TransactionTemplate(this.transactionManager);
	}

	@AfterEach
	void stop() {
		this.database.execute("shutdown");
		this.fixture.close();
		this.broker.close();
	}

	private FailoverTemplate template(PublishInTransaction mode, boolean transacted) {
		PublishSettings defaults = PublishSettings.DEFAULTS;
		FailoverTemplate template = this.fixture.template(new PublishSettings(defaults.confirmTimeout(),
				defaults.maxInFlight(), defaults.shutdownTimeout(), mode));
		template.setChannelTransacted(transacted);
		return template;
	}

	private void place(FailoverTemplate template, String id) {
		this.database.update("insert into orders values (?)", id);
		template.convertAndSend(QUEUE, id);
	}

	private List<String> rows() {
		return this.database.queryForList("select id from orders order by id", String.class);
	}

	private List<String> messages() {
		List<String> bodies = new ArrayList<>();
		FailoverTemplate receiver = template(PublishInTransaction.SPRING, false);
		Object body = receiver.receiveAndConvert(QUEUE);
		while (body != null) {
			bodies.add((String) body);
			body = receiver.receiveAndConvert(QUEUE);
		}
		receiver.destroy();
		return bodies;
	}

	private long waiting() {
		return this.admin.getQueueInfo(QUEUE).getMessageCount();
	}

	@Test
	void messagesOfATransactedTemplateArePublishedBeforeTheCommit() {
		FailoverTemplate template = template(PublishInTransaction.BEFORE_COMMIT, true);
		List<Long> seen = new ArrayList<>();
		this.transaction.executeWithoutResult((status) -> {
			place(template, "1");
			place(template, "2");
			seen.add(waiting());
			onCompletion(() -> seen.add(waiting()), () -> {
			});
		});
		assertThat(seen).containsExactly(0L, 2L);
		assertThat(messages()).containsExactly("1", "2").isEqualTo(rows());
		assertThat(TransactionSynchronizationManager.getResourceMap()).isEmpty();
		template.destroy();
	}

	private static void onCompletion(Runnable before, Runnable afterCommit) {
		TransactionSynchronizationManager.registerSynchronization(new TransactionSynchronization() {

			@Override
			public void beforeCompletion() {
				before.run();
			}

			@Override
			public void afterCommit() {
				afterCommit.run();
			}

		});
	}

	@ParameterizedTest
	@EnumSource(PublishInTransaction.class)
	void rollbackDropsWhatATransactedTemplateSent(PublishInTransaction mode) {
		FailoverTemplate template = template(mode, true);
		CorrelationData correlation = new CorrelationData();
		this.transaction.executeWithoutResult((status) -> {
			place(template, "1");
			template.convertAndSend("", QUEUE, "more", correlation);
			status.setRollbackOnly();
		});
		assertThat(rows()).isEmpty();
		assertThat(messages()).isEmpty();
		if (mode != PublishInTransaction.SPRING) {
			assertThat(correlation.getFuture()).isCompletedWithValueMatching((confirm) -> !confirm.ack());
		}
		place(template, "2");
		assertThat(messages()).containsExactly("2");
		template.destroy();
	}

	@Test
	void templateThatIsNotTransactedPublishesAtOnceAndARollbackLeavesItsMessages() {
		FailoverTemplate template = template(PublishInTransaction.BEFORE_COMMIT, false);
		this.transaction.executeWithoutResult((status) -> {
			place(template, "1");
			assertThat(waiting()).isOne();
			status.setRollbackOnly();
		});
		assertThat(rows()).isEmpty();
		assertThat(messages()).containsExactly("1");
		template.destroy();
	}

	@ParameterizedTest
	@EnumSource(Transacted.class)
	void afterTheCommitEveryTemplatePublishes(Transacted transacted) {
		FailoverTemplate template = template(PublishInTransaction.AFTER_COMMIT, transacted == Transacted.YES);
		List<Long> seen = new ArrayList<>();
		this.transaction.executeWithoutResult((status) -> {
			place(template, "1");
			onCompletion(() -> seen.add(waiting()), () -> seen.add(waiting()));
		});
		assertThat(seen).containsExactly(0L, 1L);
		this.transaction.executeWithoutResult((status) -> {
			place(template, "2");
			status.setRollbackOnly();
		});
		assertThat(messages()).containsExactly("1").isEqualTo(rows());
		template.destroy();
	}

	@Test
	void failureAfterTheCommitIsThrown() {
		FailoverTemplate template = template(PublishInTransaction.AFTER_COMMIT, false);
		assertThatExceptionOfType(PublishAfterCommitException.class)
			.isThrownBy(() -> this.transaction.executeWithoutResult((status) -> {
				this.database.update("insert into orders values ('1')");
				template.convertAndSend("missing", QUEUE, "1");
				template.convertAndSend("missing", QUEUE, "2");
			}))
			.withMessageContaining("The transaction is committed")
			.withMessageContaining("2 failed")
			.withMessageContaining("missing")
			.withCauseInstanceOf(PublishException.class)
			.satisfies((ex) -> assertThat(ex.getCause().getSuppressed()).hasSize(1));
		assertThat(rows()).containsExactly("1");
		template.destroy();
	}

	@Test
	void failureBeforeTheCommitRollsBack() {
		FailoverTemplate template = template(PublishInTransaction.BEFORE_COMMIT, true);
		assertThatExceptionOfType(PublishException.class)
			.isThrownBy(() -> this.transaction.executeWithoutResult((status) -> {
				this.database.update("insert into orders values ('1')");
				template.convertAndSend("missing", QUEUE, "1");
			}));
		assertThat(rows()).isEmpty();
		template.destroy();
	}

	@Test
	void newTransactionPublishesItsOwnMessages() {
		FailoverTemplate template = template(PublishInTransaction.BEFORE_COMMIT, true);
		TransactionTemplate inner = new TransactionTemplate(this.transactionManager);
		inner.setPropagationBehavior(TransactionDefinition.PROPAGATION_REQUIRES_NEW);
		this.transaction.executeWithoutResult((status) -> {
			place(template, "outer");
			inner.executeWithoutResult((nested) -> place(template, "inner"));
			assertThat(waiting()).isOne();
			place(template, "outer again");
			status.setRollbackOnly();
		});
		assertThat(messages()).containsExactly("inner").isEqualTo(rows());
		template.destroy();
	}

	@Test
	void rollbackToASavepointDropsWhatWasSentAfterIt() {
		FailoverTemplate template = template(PublishInTransaction.BEFORE_COMMIT, true);
		TransactionTemplate nested = new TransactionTemplate(this.transactionManager);
		nested.setPropagationBehavior(TransactionDefinition.PROPAGATION_NESTED);
		this.transaction.executeWithoutResult((status) -> {
			nested.executeWithoutResult((inner) -> {
				place(template, "dropped first");
				inner.setRollbackOnly();
			});
			place(template, "a");
			nested.executeWithoutResult((inner) -> {
				place(template, "dropped");
				inner.setRollbackOnly();
			});
			nested.executeWithoutResult((inner) -> place(template, "b"));
			place(template, "c");
		});
		assertThat(messages()).containsExactly("a", "b", "c").isEqualTo(rows());
		template.destroy();
	}

	@Test
	void readOnlyTransactionPublishesToo() {
		FailoverTemplate template = template(PublishInTransaction.BEFORE_COMMIT, true);
		this.transaction.setReadOnly(true);
		this.transaction.executeWithoutResult((status) -> template.convertAndSend(QUEUE, "1"));
		assertThat(messages()).containsExactly("1");
		template.destroy();
	}

	@Test
	void messageThatIsSentWhileTheTransactionCommitsIsPublished() {
		FailoverTemplate template = template(PublishInTransaction.BEFORE_COMMIT, true);
		this.transaction.executeWithoutResult((status) -> {
			TransactionSynchronizationManager
				.registerSynchronization(new SendingSynchronization(() -> template.convertAndSend(QUEUE, "late")));
			this.database.update("insert into orders values ('1')");
		});
		this.transaction.executeWithoutResult((status) -> {
			template.convertAndSend(QUEUE, "early");
			TransactionSynchronizationManager.registerSynchronization(
					new SendingSynchronization(() -> template.convertAndSend(QUEUE, "after the others")));
		});
		assertThat(messages()).containsExactly("late", "early", "after the others");
		assertThat(TransactionSynchronizationManager.getResourceMap()).isEmpty();
		template.destroy();
	}

	@Test
	void messageThatIsFirstSentWhileTheTransactionCommitsFailsForItsCaller() {
		FailoverTemplate template = template(PublishInTransaction.BEFORE_COMMIT, true);
		assertThatExceptionOfType(PublishAfterCommitException.class)
			.isThrownBy(() -> this.transaction.executeWithoutResult((status) -> {
				TransactionSynchronizationManager.registerSynchronization(
						new SendingSynchronization(() -> template.convertAndSend("missing", QUEUE, "late")));
				this.database.update("insert into orders values ('1')");
			}));
		template.destroy();
	}

	@Test
	void workOnTheChannelCommitsWithTheMessages() {
		FailoverTemplate template = template(PublishInTransaction.BEFORE_COMMIT, true);
		List<Long> seen = new ArrayList<>();
		this.transaction.executeWithoutResult((status) -> {
			template.execute((channel) -> {
				channel.basicPublish("", QUEUE, MessageProperties.TEXT_PLAIN, "raw".getBytes());
				return null;
			});
			template.invoke((operations) -> {
				operations.convertAndSend(QUEUE, "invoked");
				return null;
			});
			template.convertAndSend(QUEUE, "sent");
			seen.add(waiting());
			onCompletion(() -> seen.add(waiting()), () -> {
			});
		});
		assertThat(seen).containsExactly(0L, 3L);
		assertThat(messages()).containsExactlyInAnyOrder("raw", "invoked", "sent");
		template.destroy();
	}

	@Test
	void receivedMessageIsBackAfterARollbackAndGoneAfterACommit() {
		FailoverTemplate template = template(PublishInTransaction.BEFORE_COMMIT, true);
		place(template, "in");
		this.transaction.executeWithoutResult((status) -> {
			assertThat(template.receiveAndConvert(QUEUE, 10_000)).isEqualTo("in");
			place(template, "out");
			status.setRollbackOnly();
		});
		this.transaction.executeWithoutResult((status) -> {
			assertThat(template.receiveAndConvert(QUEUE, 10_000)).isEqualTo("in");
			place(template, "out");
		});
		assertThat(messages()).containsExactly("out");
		template.destroy();
	}

	@Test
	void transactionOfTheConnectionFactoryKeepsItsChannel() {
		FailoverTemplate template = template(PublishInTransaction.BEFORE_COMMIT, true);
		TransactionTemplate rabbit = new TransactionTemplate(
				new RabbitTransactionManager(this.fixture.connectionFactory));
		rabbit.executeWithoutResult((status) -> {
			template.convertAndSend(QUEUE, "dropped");
			assertThat(TransactionSynchronizationManager.hasResource(template)).isFalse();
			status.setRollbackOnly();
		});
		rabbit.executeWithoutResult((status) -> this.transaction.executeWithoutResult((inner) -> {
			place(template, "1");
			assertThat(TransactionSynchronizationManager.hasResource(template)).isFalse();
		}));
		assertThat(messages()).containsExactly("1").isEqualTo(rows());
		template.destroy();
	}

	@Test
	void channelOfAListenerContainerIsUsedForWhatItsListenerSends() {
		FailoverTemplate template = template(PublishInTransaction.BEFORE_COMMIT, true);
		var connection = this.fixture.connectionFactory.createConnection();
		var channel = connection.createChannel(true);
		this.transaction.executeWithoutResult((status) -> {
			RabbitResourceHolder holder = new RabbitResourceHolder(channel, false);
			ConnectionFactoryUtils.bindResourceToTransaction(holder, this.fixture.connectionFactory, true);
			place(template, "1");
			assertThat(TransactionSynchronizationManager.hasResource(template)).isFalse();
		});
		assertThat(messages()).containsExactly("1").isEqualTo(rows());
		template.destroy();
	}

	@Test
	void bodyIsThatOfTheSend() {
		FailoverTemplate template = template(PublishInTransaction.BEFORE_COMMIT, true);
		byte[] body = "first".getBytes();
		this.transaction.executeWithoutResult((status) -> {
			template.send(QUEUE, new Message(body));
			System.arraycopy("other".getBytes(), 0, body, 0, body.length);
		});
		Message received = template.receive(QUEUE, TimeUnit.SECONDS.toMillis(10));
		assertThat(received).isNotNull();
		assertThat(new String(received.getBody())).isEqualTo("first");
		template.destroy();
	}

	@Test
	void asynchronousSendIsRefusedWhereMessagesAreHeld() {
		FailoverTemplate template = template(PublishInTransaction.AFTER_COMMIT, false);
		this.transaction.executeWithoutResult((status) -> assertThatIllegalStateException()
			.isThrownBy(() -> template.convertAndSendAsync("", QUEUE, "1"))
			.withMessageContaining("use send"));
		template.destroy();
	}

	@Test
	void moreMessagesThanMayBeInFlightArePublishedInTheirOrder() {
		FailoverTemplate template = template(PublishInTransaction.BEFORE_COMMIT, true);
		List<String> sent = new ArrayList<>();
		this.transaction.executeWithoutResult((status) -> {
			for (int i = 0; i < 2 * PublishSettings.DEFAULTS.maxInFlight() + 1; i++) {
				sent.add(String.valueOf(i));
				template.convertAndSend(QUEUE, sent.get(i));
			}
		});
		assertThat(messages()).isEqualTo(sent);
		template.destroy();
	}

	private enum Transacted {

		YES, NO

	}

	private static final class SendingSynchronization implements TransactionSynchronization {

		private final Runnable send;

		SendingSynchronization(Runnable send) {
			this.send = send;
		}

		@Override
		public void beforeCommit(boolean readOnly) {
			this.send.run();
		}

	}

}
