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

import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

import javax.sql.DataSource;

import com.rabbitmq.client.MessageProperties;
import jakarta.persistence.Entity;
import jakarta.persistence.EntityManager;
import jakarta.persistence.EntityManagerFactory;
import jakarta.persistence.Id;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.amqp.rabbit.listener.SimpleMessageListenerContainer;
import org.springframework.amqp.rabbit.transaction.RabbitTransactionManager;
import org.springframework.boot.amqp.autoconfigure.RabbitTemplateCustomizer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.dao.DataIntegrityViolationException;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DriverManagerDataSource;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.orm.jpa.JpaTransactionManager;
import org.springframework.orm.jpa.LocalContainerEntityManagerFactoryBean;
import org.springframework.orm.jpa.SharedEntityManagerCreator;
import org.springframework.orm.jpa.persistenceunit.PersistenceManagedTypes;
import org.springframework.orm.jpa.vendor.HibernateJpaVendorAdapter;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.annotation.EnableTransactionManagement;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;

import dev.failover.ensure.Ensure;
import dev.failover.template.FailoverTemplate;
import dev.failover.template.MessageReturnedException;
import dev.failover.template.PublishAfterCommitException;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * Tests that a row of a database and the message that is sent in its transaction are both
 * there, or neither is, when the broker is lost in the middle.
 */
@BrokerTest
class DatabaseTransactionIntegrationTests {

	private static final int ROUNDS = Integer.getInteger("failover.test.rounds", 3);

	@North
	private RabbitNode first;

	@South
	private RabbitNode second;

	@ParameterizedTest
	@ValueSource(classes = { JdbcShop.class, JpaShop.class })
	void everyRowHasItsMessageWhenTheBrokerDiesBeforeTheMethodReturns(Class<?> shop) {
		try (ConfigurableApplicationContext context = run(shop)) {
			Sales sales = context.getBean(Sales.class);
			for (int i = 0; i < ROUNDS; i++) {
				sales.place("sent " + i, () -> killActive(context));
				startBoth();
			}
			assertThat(found()).hasSize(ROUNDS).containsExactlyInAnyOrderElementsOf(context.getBean(Rows.class).ids());
			sales.publish("raw", () -> killActive(context));
			assertThat(sales.tries()).isEqualTo(ROUNDS + 2);
			assertThat(found()).contains("raw");
			assertThat(context.getBean(Rows.class).ids()).hasSize(ROUNDS + 1).contains("raw");
		}
	}

	@ParameterizedTest
	@ValueSource(classes = { JdbcShop.class, JpaShop.class })
	void returnedMessageRollsBack(Class<?> shop) {
		try (ConfigurableApplicationContext context = run(shop)) {
			Sales sales = context.getBean(Sales.class);
			assertThatExceptionOfType(MessageReturnedException.class)
				.isThrownBy(() -> sales.place("1", () -> sales.send("nobody", "1")));
			assertThat(sales.tries()).isOne();
			assertThat(context.getBean(Rows.class).ids()).isEmpty();
		}
	}

	@ParameterizedTest
	@ValueSource(classes = { JdbcShop.class, JpaShop.class })
	void transactionThatIsOutOfTimeIsRolledBackAndRepeated(Class<?> shop) {
		try (ConfigurableApplicationContext context = run(shop)) {
			Sales sales = context.getBean(Sales.class);
			sales.placeSoon("1", () -> {
				this.first.kill();
				this.second.kill();
				TransactionSynchronizationManager.registerSynchronization(new TransactionSynchronization() {

					@Override
					public void afterCompletion(int status) {
						startBoth();
					}

				});
			});
			assertThat(sales.tries()).isGreaterThanOrEqualTo(2);
			assertThat(context.getBean(Rows.class).ids()).containsExactly("1");
			assertThat(found()).contains("1").allMatch("1"::equals);
		}
	}

	@Test
	void rowThatTheDatabaseRefusesHasNoMessage() {
		try (ConfigurableApplicationContext context = run(JpaShop.class)) {
			Sales sales = context.getBean(Sales.class);
			sales.place("1", () -> {
			});
			assertThatExceptionOfType(DataIntegrityViolationException.class).isThrownBy(() -> sales.place("1", () -> {
			}));
			assertThat(found()).containsExactly("1");
		}
	}

	@Test
	void messageThatCannotBePublishedAfterTheCommitIsReportedAndNothingRepeated() {
		try (ConfigurableApplicationContext context = run(JdbcShop.class,
				"failover.publish.in-transaction=after-commit", "failover.ensure.timeout=3s")) {
			Sales sales = context.getBean(Sales.class);
			assertThatExceptionOfType(PublishAfterCommitException.class).isThrownBy(() -> sales.place("1", () -> {
				this.first.kill();
				this.second.kill();
			}));
			assertThat(sales.tries()).isOne();
			assertThat(context.getBean(Rows.class).ids()).containsExactly("1");
			startBoth();
			sales.place("2", () -> killActive(context));
			assertThat(context.getBean(Rows.class).ids()).containsExactly("1", "2");
		}
		assertThat(found()).containsExactly("2");
	}

	@Test
	void springLosesTheMessageSilentlyWhereThatIsWanted() {
		try (ConfigurableApplicationContext context = run(JdbcShop.class, "failover.publish.in-transaction=spring")) {
			Sales sales = context.getBean(Sales.class);
			sales.place("1", () -> killActive(context));
			assertThat(context.getBean(Rows.class).ids()).containsExactly("1");
		}
		assertThat(found()).isEmpty();
	}

	@ParameterizedTest
	@ValueSource(classes = { ListeningShop.class, RabbitListeningShop.class })
	void listenerInATransactionSendsOnTheChannelOfItsContainer(Class<?> shop) {
		try (ConfigurableApplicationContext context = run(shop)) {
			context.getBean(Sales.class).send(ListeningShop.REQUESTS, "1");
			await().atMost(30, TimeUnit.SECONDS)
				.untilAsserted(() -> assertThat(context.getBean(Rows.class).ids()).containsExactly("1"));
			context.getBean(SimpleMessageListenerContainer.class).stop();
			assertThat(context.getBean(HeldInListener.class).held).isFalse();
		}
		assertThat(found()).containsExactly("1");
	}

	private ConfigurableApplicationContext run(Class<?> shop, String... properties) {
		startBoth();
		QueueOnBroker.declareNew(OrderQueue.NAME, this.first, this.second);
		Applications.writeQueues(this.first, this.second);
		return Applications.run(shop,
				Stream.concat(Stream.of(Applications.brokers(this.first, this.second)), Stream.of(properties))
					.toArray(String[]::new));
	}

	/**
	 * Kill the broker in use, in the first try.
	 */
	private void killActive(ConfigurableApplicationContext context) {
		if (this.first.isRunning() && this.second.isRunning()) {
			context.getBean(ConnectionFactory.class).createConnection().close();
			Applications.active(context, this.first, this.second).kill();
		}
	}

	private void startBoth() {
		this.first.start();
		this.second.start();
	}

	private List<String> found() {
		startBoth();
		return QueueOnBroker.drain(OrderQueue.NAME, this.first, this.second);
	}

	/**
	 * Where the orders are kept.
	 */
	interface Rows {

		void insert(String id);

		List<String> ids();

	}

	static class Sales {

		private final Rows rows;

		private final RabbitTemplate template;

		private final AtomicInteger tries = new AtomicInteger();

		Sales(Rows rows, RabbitTemplate template) {
			this.rows = rows;
			this.template = template;
		}

		int tries() {
			return this.tries.get();
		}

		void send(String queue, String body) {
			this.template.convertAndSend(queue, body);
		}

		@Ensure
		@Transactional
		void place(String id, Runnable beforeTheReturn) {
			this.tries.incrementAndGet();
			this.rows.insert(id);
			this.template.convertAndSend(OrderQueue.NAME, id);
			beforeTheReturn.run();
		}

		/**
		 * Write to the channel past the template.
		 */
		@Ensure
		@Transactional
		void publish(String id, Runnable beforeTheReturn) {
			this.tries.incrementAndGet();
			this.rows.insert(id);
			this.template.execute((channel) -> {
				channel.basicPublish("", OrderQueue.NAME, MessageProperties.MINIMAL_PERSISTENT_BASIC, id.getBytes());
				return null;
			});
			beforeTheReturn.run();
		}

		@Ensure
		@Transactional(timeout = 2)
		void placeSoon(String id, Runnable inTheFirstTry) {
			boolean first = this.tries.incrementAndGet() == 1;
			this.rows.insert(id);
			this.template.convertAndSend(OrderQueue.NAME, id);
			if (first) {
				inTheFirstTry.run();
			}
		}

	}

	@Configuration(proxyBeanMethods = false)
	@EnableTransactionManagement
	@Import(OrderQueue.class)
	abstract static class Shop {

		@Bean
		DataSource dataSource() {
			return new DriverManagerDataSource("jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1");
		}

		@Bean
		JdbcTemplate jdbcTemplate(DataSource dataSource) {
			JdbcTemplate template = new JdbcTemplate(dataSource);
			template.execute("create table orders (id varchar(100) primary key)");
			return template;
		}

		@Bean
		RabbitTemplateCustomizer transactedChannels() {
			return (template) -> template.setChannelTransacted(true);
		}

		@Bean
		Sales sales(Rows rows, FailoverTemplate template) {
			return new Sales(rows, template);
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class JdbcShop extends Shop {

		@Bean
		JdbcTransactionManager transactionManager(DataSource dataSource) {
			return new JdbcTransactionManager(dataSource);
		}

		@Bean
		Rows rows(JdbcTemplate template) {
			return new Rows() {

				@Override
				public void insert(String id) {
					template.update("insert into orders values (?)", id);
				}

				@Override
				public List<String> ids() {
					return template.queryForList("select id from orders order by id", String.class);
				}

			};
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class JpaShop extends Shop {

		@Bean
		LocalContainerEntityManagerFactoryBean entityManagerFactory(DataSource dataSource, JdbcTemplate template) {
			LocalContainerEntityManagerFactoryBean factory = new LocalContainerEntityManagerFactoryBean();
			factory.setDataSource(dataSource);
			factory.setJpaVendorAdapter(new HibernateJpaVendorAdapter());
			factory.setManagedTypes(PersistenceManagedTypes.of(OrderRow.class.getName()));
			return factory;
		}

		@Bean
		JpaTransactionManager transactionManager(EntityManagerFactory factory) {
			return new JpaTransactionManager(factory);
		}

		@Bean
		Rows rows(EntityManagerFactory factory, JdbcTemplate template) {
			EntityManager entityManager = SharedEntityManagerCreator.createSharedEntityManager(factory);
			return new Rows() {

				@Override
				public void insert(String id) {
					entityManager.persist(new OrderRow(id));
				}

				@Override
				public List<String> ids() {
					return template.queryForList("select id from orders order by id", String.class);
				}

			};
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class ListeningShop extends JdbcShop {

		static final String REQUESTS = "requests";

		@Bean
		Queue requests() {
			return new Queue(REQUESTS);
		}

		@Bean
		HeldInListener heldInListener() {
			return new HeldInListener();
		}

		@Bean
		SimpleMessageListenerContainer container(ConnectionFactory connectionFactory, Rows rows,
				FailoverTemplate template, HeldInListener held, DataSource dataSource) {
			SimpleMessageListenerContainer container = new SimpleMessageListenerContainer(connectionFactory);
			container.setQueueNames(REQUESTS);
			container.setChannelTransacted(true);
			container.setTransactionManager(managerOfContainer(connectionFactory, dataSource));
			container.setMessageListener((message) -> {
				rows.insert(new String(message.getBody()));
				template.send(OrderQueue.NAME, message);
				held.held = TransactionSynchronizationManager.hasResource(template);
			});
			return container;
		}

		PlatformTransactionManager managerOfContainer(ConnectionFactory connectionFactory, DataSource dataSource) {
			return new JdbcTransactionManager(dataSource);
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class RabbitListeningShop extends ListeningShop {

		@Override
		PlatformTransactionManager managerOfContainer(ConnectionFactory connectionFactory, DataSource dataSource) {
			return new RabbitTransactionManager(connectionFactory);
		}

	}

	static class HeldInListener {

		private volatile boolean held;

	}

	@Entity(name = "orders")
	static class OrderRow {

		@Id
		private String id;

		protected OrderRow() {
		}

		OrderRow(String id) {
			this.id = id;
		}

	}

}
