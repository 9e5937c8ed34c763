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

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;

import dev.failover.test.RabbitNode;

import static org.assertj.core.api.Assertions.assertThat;

@ParameterizedClass
@EachRabbit
class EachRabbitIntegrationTests {

	@Rabbit(name = "shared")
	private static RabbitNode ofClass;

	@Parameter
	private String version;

	@Rabbit(name = "shared")
	private RabbitNode ofTest;

	@Test
	void nodesThatNameNoVersionRunTheOneOfTheTest(@Rabbit(name = "shared") RabbitNode parameter) {
		assertThat(ofClass.version()).isEqualTo(this.version);
		assertThat(this.ofTest).isSameAs(ofClass);
		assertThat(parameter).isSameAs(ofClass);
	}

	@ParameterizedTest
	@EachRabbit
	void theVersionOfAMethodComesBeforeThatOfTheClass(String own, @Rabbit(name = "shared") RabbitNode node) {
		assertThat(node.version()).isEqualTo(own);
		assertThat(node == ofClass).isEqualTo(own.equals(this.version));
	}

	@Test
	void nodesThatNameAVersionKeepIt(@Rabbit(version = "3.10") RabbitNode node) {
		assertThat(node.version()).startsWith("3.10.");
	}

}
