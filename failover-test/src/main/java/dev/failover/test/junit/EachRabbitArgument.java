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

import java.util.Objects;
import java.util.Optional;

import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.params.ParameterInfo;
import org.junit.platform.commons.support.AnnotationSupport;

/**
 * The version with which {@link EachRabbit @EachRabbit} runs a test or class. Only for
 * those that have the annotation: others may lack JUnit's {@code junit-jupiter-params}.
 */
final class EachRabbitArgument {

	private EachRabbitArgument() {
	}

	static String in(ExtensionContext context) {
		for (Optional<ExtensionContext> at = Optional.of(context); at.isPresent(); at = at.get().getParent()) {
			ParameterInfo parameters = ParameterInfo.get(at.get());
			if (parameters != null && parameters.getArguments().size() > 0 && AnnotationSupport
				.isAnnotated(parameters.getDeclarations().getSourceElement(), EachRabbit.class)) {
				return Objects.requireNonNull(parameters.getArguments().getString(0));
			}
		}
		throw new IllegalStateException(
				"'%s' has no version of RabbitMQ: a class with @EachRabbit needs @ParameterizedClass and a field with @Parameter, and a @BeforeAll method of it takes no broker"
					.formatted(context.getDisplayName()));
	}

}
