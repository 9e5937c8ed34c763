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

import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.core.RabbitAdmin;
import org.springframework.beans.DirectFieldAccessor;
import org.springframework.boot.amqp.autoconfigure.RabbitAutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.autoconfigure.FailoverAutoConfiguration;
import dev.failover.topology.TopologyGate;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for the admins that the {@link TopologyGate} takes over.
 */
class FailoverTopologyTests {

	private final ApplicationContextRunner runner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(FailoverAutoConfiguration.class, FailoverRabbitAutoConfiguration.class,
				RabbitAutoConfiguration.class))
		.withPropertyValues("failover.brokers=amqp://a;amqp://b")
		.withUserConfiguration(Admins.class);

	@Test
	void gateOpensWhenAllBeansExist() {
		this.runner
			.run((context) -> assertThat(context).getBean(TopologyGate.class).extracting("open").isEqualTo(true));
	}

	@Test
	void adminsOfTheConnectionFactoryThatFailsOverAreTakenOver() {
		this.runner.run((context) -> {
			assertThat(context).getBean(TopologyGate.class)
				.extracting("admins", InstanceOfAssertFactories.LIST)
				.containsExactly(context.getBean("admin"));
			assertThat(setting(context.getBean("admin"), "redeclareManualDeclarations")).isEqualTo(true);
			assertThat(setting(context.getBean("admin"), "retryTemplate")).isNull();
		});
	}

	@Test
	void whatIsDeclaredAtRunTimeIsNotDeclaredAgainIfUnwanted() {
		this.runner.withPropertyValues("failover.topology.redeclare-manual-declarations=false")
			.run((context) -> assertThat(setting(context.getBean("admin"), "redeclareManualDeclarations"))
				.isEqualTo(false));
	}

	@Test
	void otherAdminsAreLeftAlone() {
		this.runner.run((context) -> {
			assertThat(context.getBean("elsewhere", RabbitAdmin.class).isAutoStartup()).isTrue();
			assertThat(setting(context.getBean("elsewhere"), "redeclareManualDeclarations")).isEqualTo(false);
			assertThat(setting(context.getBean("elsewhere"), "retryTemplate")).isNotNull();
			assertThat(context.getBean("idle", RabbitAdmin.class).isAutoStartup()).isFalse();
		});
	}

	@Test
	void adminsAreLeftAloneWhenFailoverIsDisabled() {
		this.runner.withPropertyValues("failover.enabled=false")
			.run((context) -> assertThat(setting(context.getBean("admin"), "retryTemplate")).isNotNull());
	}

	private static Object setting(Object admin, String name) {
		return new DirectFieldAccessor(admin).getPropertyValue(name);
	}

	@Configuration(proxyBeanMethods = false)
	static class Admins {

		@Bean
		RabbitAdmin admin(ConnectionFactory connectionFactory) {
			return new RabbitAdmin(connectionFactory);
		}

		@Bean
		RabbitAdmin idle(ConnectionFactory connectionFactory) {
			RabbitAdmin idle = new RabbitAdmin(connectionFactory);
			idle.setAutoStartup(false);
			return idle;
		}

		@Bean
		RabbitAdmin elsewhere() {
			return new RabbitAdmin(new CachingConnectionFactory("elsewhere.example.com"));
		}

	}

}
