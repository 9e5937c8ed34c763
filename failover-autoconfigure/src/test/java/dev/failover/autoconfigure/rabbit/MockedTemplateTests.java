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

package dev.failover.autoconfigure.rabbit;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.mockito.Mockito;
import org.springframework.amqp.rabbit.core.RabbitMessagingTemplate;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.bean.override.mockito.MockitoBean;

import dev.failover.template.FailoverTemplate;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for an application whose test replaces templates by mocks. No broker runs.
 */
class MockedTemplateTests {

	@SpringBootTest(classes = Application.class, properties = "failover.standby=false",
			webEnvironment = SpringBootTest.WebEnvironment.NONE)
	@DirtiesContext
	@ExtendWith(OutputCaptureExtension.class)
	static class RabbitTemplateTests {

		@MockitoBean
		private RabbitTemplate mock;

		@Autowired
		private RabbitMessagingTemplate messaging;

		@Autowired
		private Shop shop;

		@Test
		void mockOfRabbitTemplateGoesWithAnInjectedFailoverTemplate(CapturedOutput output) {
			assertThat(Mockito.mockingDetails(this.mock).isMock()).isTrue();
			assertThat(this.shop.any).isSameAs(this.mock);
			assertThat(this.messaging.getRabbitTemplate()).isSameAs(this.mock);
			assertThat(Mockito.mockingDetails(this.shop.safe).isMock()).isFalse();
			assertThat(output).doesNotContain("publishes without failover");
		}

	}

	@SpringBootTest(classes = Application.class, properties = "failover.standby=false",
			webEnvironment = SpringBootTest.WebEnvironment.NONE)
	@DirtiesContext
	static class FailoverTemplateTests {

		@MockitoBean
		private FailoverTemplate mock;

		@Autowired
		private Shop shop;

		@Test
		void mockOfFailoverTemplateIsInjectedForBothTypes() {
			assertThat(Mockito.mockingDetails(this.mock).isMock()).isTrue();
			assertThat(this.shop.any).isSameAs(this.mock);
			assertThat(this.shop.safe).isSameAs(this.mock);
		}

	}

	/**
	 * Publishes with both types.
	 */
	static class Shop {

		private final RabbitTemplate any;

		private final FailoverTemplate safe;

		Shop(RabbitTemplate any, FailoverTemplate safe) {
			this.any = any;
			this.safe = safe;
		}

	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

		@Bean
		Shop shop(RabbitTemplate any, FailoverTemplate safe) {
			return new Shop(any, safe);
		}

	}

}
