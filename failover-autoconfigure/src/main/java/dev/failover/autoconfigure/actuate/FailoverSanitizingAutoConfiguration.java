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

import org.springframework.boot.actuate.endpoint.SanitizableData;
import org.springframework.boot.actuate.endpoint.SanitizingFunction;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;

/**
 * Auto-configuration of the function that keeps the passwords of brokers out of Spring
 * Boot's endpoints, however their properties are spelled, and also while failover is
 * disabled: those in {@code failover.brokers}, and those in {@code spring.rabbitmq},
 * where the brokers come from otherwise.
 */
@AutoConfiguration
@ConditionalOnClass(SanitizingFunction.class)
public final class FailoverSanitizingAutoConfiguration {

	private static final Pattern SEPARATORS = Pattern.compile("[^a-z0-9]");

	private static final Pattern SECRET = Pattern.compile(
			"failoverbrokers(?![0-9]+(name|username|virtualhost|sslbundle|priority|weight)$).*|springrabbitmqpassword");

	private static final Pattern ADDRESSES = Pattern.compile("springrabbitmqaddresses[0-9]*");

	@Bean
	@ConditionalOnMissingBean(name = "failoverSanitizingFunction")
	SanitizingFunction failoverSanitizingFunction() {
		return (data) -> isSecret(data) ? data.withSanitizedValue() : data;
	}

	private static boolean isSecret(SanitizableData data) {
		String key = SEPARATORS.matcher(data.getKey().toLowerCase(Locale.ROOT)).replaceAll("");
		return SECRET.matcher(key).matches()
				|| (ADDRESSES.matcher(key).matches() && String.valueOf(data.getValue()).contains("@"));
	}

}
