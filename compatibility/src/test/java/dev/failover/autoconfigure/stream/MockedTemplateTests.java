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

package dev.failover.autoconfigure.stream;

import org.junit.jupiter.api.Test;
import org.mockito.Mockito;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.context.annotation.Configuration;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.bean.override.mockito.MockitoBean;

import dev.failover.template.FailoverTemplate;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for an application with Spring Cloud Stream whose test replaces its template by a
 * mock. No broker runs.
 */
@SpringBootTest(classes = MockedTemplateTests.Application.class, properties = "failover.standby=false",
		webEnvironment = SpringBootTest.WebEnvironment.NONE)
@DirtiesContext
class MockedTemplateTests {

	@MockitoBean
	private RabbitTemplate mock;

	@Autowired
	private FailoverTemplate template;

	@Test
	void failoverTemplateIsInjectedBesideTheMock() {
		assertThat(Mockito.mockingDetails(this.mock).isMock()).isTrue();
		assertThat(Mockito.mockingDetails(this.template).isMock()).isFalse();
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

	}

}
