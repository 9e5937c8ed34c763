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

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.ArgumentsProvider;
import org.junit.jupiter.params.support.ParameterDeclarations;

import dev.failover.test.RabbitNode;

/**
 * The versions of RabbitMQ for {@link EachRabbit @EachRabbit}, as arguments. One that is
 * demanded but not installed stands for itself: {@link BrokersExtension} says so when its
 * turn has come.
 */
final class RabbitVersions implements ArgumentsProvider {

	static final String PROPERTY = "failover.test.rabbitmq-versions";

	@Override
	public Stream<? extends Arguments> provideArguments(ParameterDeclarations parameters, ExtensionContext context) {
		return versions(System.getProperty(PROPERTY, "")).stream().map(Arguments::of);
	}

	static List<String> versions(String demanded) {
		if (demanded.isBlank()) {
			BrokersExtension.requireRabbit();
			return RabbitNode.versions();
		}
		return Arrays.stream(demanded.split(","))
			.map(String::strip)
			.filter((version) -> !version.isEmpty())
			.map((version) -> RabbitNode.newestVersion(version).orElse(version))
			.distinct()
			.toList();
	}

}
