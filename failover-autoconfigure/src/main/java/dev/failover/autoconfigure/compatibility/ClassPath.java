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

package dev.failover.autoconfigure.compatibility;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.SpringBootVersion;
import org.springframework.util.ClassUtils;

/**
 * What is on the class path, found by the names of classes.
 */
class ClassPath {

	static final String RABBIT_TEMPLATE = "org.springframework.amqp.rabbit.core.RabbitTemplate";

	static final String CHANNEL = "com.rabbitmq.client.Channel";

	/**
	 * Spring Boot's auto-configuration of RabbitMQ up to 4.1.
	 */
	static final String BOOT_RABBIT = "org.springframework.boot.amqp.autoconfigure.RabbitConnectionDetails";

	/**
	 * The same from 4.2 on.
	 */
	static final String NEXT_BOOT_RABBIT = "org.springframework.boot.rabbitmq.autoconfigure.RabbitConnectionDetails";

	static final String RETRY_TEMPLATE = "org.springframework.retry.support.RetryTemplate";

	private final @Nullable ClassLoader classLoader;

	ClassPath(@Nullable ClassLoader classLoader) {
		this.classLoader = classLoader;
	}

	boolean contains(String className) {
		return ClassUtils.isPresent(className, this.classLoader);
	}

	/**
	 * Return the version of Spring Boot.
	 * @return the version, or {@code null} if unknown
	 */
	@Nullable String getBootVersion() {
		return SpringBootVersion.getVersion();
	}

	/**
	 * Return the version in the manifest of the jar of Spring AMQP.
	 * @return the version, or {@code null} if unknown, as in a jar that was repackaged
	 */
	@Nullable String getAmqpVersion() {
		Package rabbit = ClassUtils.resolveClassName(RABBIT_TEMPLATE, this.classLoader).getPackage();
		return rabbit.getImplementationVersion();
	}

}
