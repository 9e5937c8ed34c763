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

import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ArgumentsSource;

import dev.failover.test.RabbitNode;
import dev.failover.test.RabbitNodeBuilder;

/**
 * Runs a {@link ParameterizedTest} or a {@link ParameterizedClass} once for each version
 * of RabbitMQ: those that are {@linkplain RabbitNode#versions() installed}, or the comma
 * separated beginnings of versions in the system property
 * {@code failover.test.rabbitmq-versions}. The argument is the version, for
 * {@link RabbitNodeBuilder#version(String)}; nodes with {@link Rabbit @Rabbit} that name
 * no version run that one, too. A class needs a field with {@code @Parameter} for it, and
 * its {@code @BeforeAll} methods have no parameter with such a node. JUnit's
 * {@code junit-jupiter-params} has to be on the class path.
 * <p>
 * Where RabbitMQ, or a version that the system property names, is not installed, the test
 * is skipped for it; with the environment variable {@code CI=true} it fails instead.
 */
@Target({ ElementType.METHOD, ElementType.TYPE })
@Retention(RetentionPolicy.RUNTIME)
@Documented
@BrokerTest
@ArgumentsSource(RabbitVersions.class)
public @interface EachRabbit {

}
