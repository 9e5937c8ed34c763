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

import java.util.List;
import java.util.Map;

import jakarta.persistence.EntityManager;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.support.PersistenceExceptionTranslator;
import org.springframework.orm.jpa.EntityManagerFactoryInfo;
import org.springframework.orm.jpa.EntityManagerFactoryUtils;
import org.springframework.orm.jpa.EntityManagerHolder;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/**
 * JPA persistence contexts of the current transaction. Loaded only where there is JPA.
 */
final class PersistenceContexts {

	private PersistenceContexts() {
	}

	/**
	 * Flush all that take part in the transaction, unless an application has reserved
	 * that to itself. An exception is what the commit would have thrown.
	 */
	static void flush() {
		for (Map.Entry<Object, Object> resource : List
			.copyOf(TransactionSynchronizationManager.getResourceMap().entrySet())) {
			if (resource.getValue() instanceof EntityManagerHolder holder) {
				flush(holder, resource.getKey());
			}
		}
	}

	private static void flush(EntityManagerHolder holder, Object factory) {
		EntityManager entityManager = entityManager(holder);
		if (entityManager == null || !entityManager.isJoinedToTransaction() || isFlushedByHand(entityManager)) {
			return;
		}
		try {
			entityManager.flush();
		}
		catch (RuntimeException ex) {
			RuntimeException translated = translator(factory).translateExceptionIfPossible(ex);
			throw (translated != null) ? translated : ex;
		}
	}

	private static @Nullable EntityManager entityManager(EntityManagerHolder holder) {
		try {
			return holder.getEntityManager();
		}
		catch (IllegalStateException ex) {
			return null;
		}
	}

	private static boolean isFlushedByHand(EntityManager entityManager) {
		return "MANUAL".equals(String.valueOf(entityManager.getProperties().get("org.hibernate.flushMode")));
	}

	private static PersistenceExceptionTranslator translator(Object factory) {
		PersistenceExceptionTranslator dialect = (factory instanceof EntityManagerFactoryInfo info)
				? info.getJpaDialect() : null;
		return (dialect != null) ? dialect : EntityManagerFactoryUtils::convertJpaAccessExceptionIfPossible;
	}

}
