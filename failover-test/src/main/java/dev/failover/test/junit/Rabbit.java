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

package dev.failover.test.junit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

import dev.failover.test.RabbitNode;
import dev.failover.test.TestBroker;

/**
 * A field or parameter of type {@link RabbitNode} or {@link TestBroker} that is filled
 * with a running {@link RabbitNode}.
 * <p>
 * As a start takes seconds, the node may be one that another test of the same run has
 * used, provided that both say the same about it. It is as good as new: whatever that
 * test did to it, it runs, and has its own users and virtual hosts, empty, and no others.
 *
 * @see BrokersExtension
 */
@Target({ ElementType.FIELD, ElementType.PARAMETER, ElementType.ANNOTATION_TYPE })
@Retention(RetentionPolicy.RUNTIME)
@Documented
public @interface Rabbit {

	/**
	 * Name of the node, of letters, digits, hyphens and underscores. Wherever the same
	 * annotation with a name appears within a scope, it is the same node; each one
	 * without a name is a node of its own.
	 * @return the name
	 */
	String name() default "";

	/**
	 * Version of RabbitMQ that the node runs, where several are installed: the beginning
	 * of it, in whole numbers, such as {@code 4} or {@code 3.10}.
	 * @return the version; by default that of {@link EachRabbit @EachRabbit}, if the test
	 * or its class has that, else the one that the system property
	 * {@code failover.test.rabbitmq-version} names, or the newest
	 */
	String version() default "";

	/**
	 * Name of the node's user.
	 * @return the user's name
	 */
	String user() default "guest";

	/**
	 * Password of the node's user.
	 * @return the password
	 */
	String password() default "guest";

	/**
	 * Virtual hosts of the node; the user has all permissions on each of them.
	 * @return the names of the virtual hosts, the first of which is the node's
	 * {@linkplain TestBroker#virtualHost() virtual host}
	 */
	String[] virtualHost() default "/";

	/**
	 * Whether the node has a TLS listener.
	 * @return whether it has
	 */
	boolean tls() default false;

	/**
	 * Further lines of the node's {@code rabbitmq.conf}.
	 * @return the lines
	 */
	String[] configuration() default {};

}
