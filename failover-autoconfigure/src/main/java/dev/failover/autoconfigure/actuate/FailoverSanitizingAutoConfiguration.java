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

package dev.failover.autoconfigure.actuate;

import java.util.Locale;
import java.util.regex.Pattern;

import org.springframework.boot.actuate.endpoint.SanitizingFunction;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;

/**
 * Auto-configuration of the function that keeps the passwords in {@code failover.brokers}
 * out of Spring Boot's endpoints, however they are spelled, and also while failover is
 * disabled.
 */
@AutoConfiguration
@ConditionalOnClass(SanitizingFunction.class)
public final class FailoverSanitizingAutoConfiguration {

	private static final Pattern SEPARATORS = Pattern.compile("[^a-z0-9]");

	private static final Pattern SECRET = Pattern
		.compile("failoverbrokers(?![0-9]+(name|username|virtualhost|sslbundle|priority|weight)$).*");

	@Bean
	@ConditionalOnMissingBean(name = "failoverSanitizingFunction")
	SanitizingFunction failoverSanitizingFunction() {
		return (data) -> isSecret(data.getKey()) ? data.withSanitizedValue() : data;
	}

	private static boolean isSecret(String key) {
		return SECRET.matcher(SEPARATORS.matcher(key.toLowerCase(Locale.ROOT)).replaceAll("")).matches();
	}

}
