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

import java.util.UUID;

import jakarta.persistence.Entity;
import jakarta.persistence.EntityManager;
import jakarta.persistence.EntityManagerFactory;
import jakarta.persistence.Id;
import org.hibernate.FlushMode;
import org.hibernate.Session;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.dao.DataIntegrityViolationException;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DriverManagerDataSource;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.orm.jpa.EntityManagerHolder;
import org.springframework.orm.jpa.JpaTransactionManager;
import org.springframework.orm.jpa.LocalContainerEntityManagerFactoryBean;
import org.springframework.orm.jpa.SharedEntityManagerCreator;
import org.springframework.orm.jpa.persistenceunit.PersistenceManagedTypes;
import org.springframework.orm.jpa.vendor.HibernateJpaVendorAdapter;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import org.springframework.transaction.support.TransactionTemplate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Tests for {@link PersistenceContexts}, with Hibernate.
 */
class PersistenceContextsTests {

	private final DriverManagerDataSource dataSource = new DriverManagerDataSource(
			"jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1");

	private final JdbcTemplate database = new JdbcTemplate(this.dataSource);

	private final LocalContainerEntityManagerFactoryBean factoryBean = new LocalContainerEntityManagerFactoryBean();

	private EntityManagerFactory factory;

	private EntityManager entityManager;

	private TransactionTemplate transaction;

	@BeforeEach
	void start() {
		this.database.execute("create table items (id varchar(100) primary key)");
		this.factoryBean.setDataSource(this.dataSource);
		this.factoryBean.setJpaVendorAdapter(new HibernateJpaVendorAdapter());
		this.factoryBean.setManagedTypes(PersistenceManagedTypes.of(Item.class.getName()));
		this.factoryBean.afterPropertiesSet();
		this.factory = this.factoryBean.getObject();
		this.entityManager = SharedEntityManagerCreator.createSharedEntityManager(this.factory);
		this.transaction = new TransactionTemplate(new JpaTransactionManager(this.factory));
	}

	@AfterEach
	void stop() {
		this.factoryBean.destroy();
		this.database.execute("shutdown");
	}

	private int rows() {
		return this.database.queryForList("select id from items", String.class).size();
	}

	@Test
	void entitiesAreWritten() {
		this.transaction.executeWithoutResult((status) -> {
			this.entityManager.persist(new Item("1"));
			assertThat(rows()).isZero();
			PersistenceContexts.flush();
			assertThat(rows()).isOne();
		});
	}

	@Test
	void failureIsThatOfTheCommit() {
		this.database.update("insert into items values ('1')");
		this.transaction.executeWithoutResult((status) -> {
			this.entityManager.persist(new Item("1"));
			assertThatExceptionOfType(DataIntegrityViolationException.class).isThrownBy(PersistenceContexts::flush);
			status.setRollbackOnly();
		});
	}

	@Test
	void contextThatTheApplicationFlushesByHandIsLeftToIt() {
		this.transaction.executeWithoutResult((status) -> {
			this.entityManager.unwrap(Session.class).setHibernateFlushMode(FlushMode.MANUAL);
			this.entityManager.persist(new Item("1"));
			PersistenceContexts.flush();
			assertThat(rows()).isZero();
		});
	}

	@Test
	void contextOfAWebRequestThatIsInNoTransactionIsLeftAlone() {
		EntityManagerHolder holder = new EntityManagerHolder(this.factory.createEntityManager());
		TransactionSynchronizationManager.bindResource(this.factory, holder);
		try {
			new TransactionTemplate(new JdbcTransactionManager(this.dataSource)).executeWithoutResult(
					(status) -> assertThatCode(PersistenceContexts::flush).doesNotThrowAnyException());
		}
		finally {
			TransactionSynchronizationManager.unbindResource(this.factory);
			holder.getEntityManager().close();
		}
	}

	@Entity(name = "items")
	static class Item {

		@Id
		private String id;

		protected Item() {
		}

		Item(String id) {
			this.id = id;
		}

	}

}
