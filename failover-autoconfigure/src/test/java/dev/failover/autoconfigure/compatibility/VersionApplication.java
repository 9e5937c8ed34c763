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

import org.apache.commons.logging.LogFactory;
import org.springframework.boot.ApplicationRunner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;

import dev.failover.ensure.Ensure;
import dev.failover.template.FailoverTemplate;

/**
 * An application as a user would write it, for class paths of several versions.
 */
@SpringBootConfiguration(proxyBeanMethods = false)
@EnableAutoConfiguration
public class VersionApplication {

	static final String STARTED = "The application has started with a template: ";

	public static void main(String[] args) {
		SpringApplication.run(VersionApplication.class, args).close();
	}

	@Bean
	Orders orders(FailoverTemplate template) {
		return new Orders(template);
	}

	@Bean
	ApplicationRunner print(Orders orders) {
		return (args) -> LogFactory.getLog(VersionApplication.class).info(STARTED + orders.template());
	}

	/**
	 * A service.
	 */
	static class Orders {

		private final FailoverTemplate template;

		Orders(FailoverTemplate template) {
			this.template = template;
		}

		@Ensure
		FailoverTemplate template() {
			return this.template;
		}

	}

}
