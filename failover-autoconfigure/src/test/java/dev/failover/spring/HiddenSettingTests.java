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

package dev.failover.spring;

import java.util.Arrays;
import java.util.stream.Stream;

import org.aopalliance.aop.Advice;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.amqp.rabbit.config.AbstractRabbitListenerContainerFactory;
import org.springframework.amqp.rabbit.config.ContainerCustomizer;
import org.springframework.amqp.rabbit.config.DirectRabbitListenerContainerFactory;
import org.springframework.amqp.rabbit.config.SimpleRabbitListenerContainerFactory;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.core.RabbitAdmin;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.DirectMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.SimpleMessageListenerContainer;
import org.springframework.util.backoff.ExponentialBackOff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.mockito.Mockito.mock;

/**
 * What is relied on of the private names of Spring AMQP. A version without one of them
 * fails here, by that name.
 */
class HiddenSettingTests {

	@ParameterizedTest
	@MethodSource
	void settingIsRead(HiddenSetting setting, Object target, Object expected) {
		assertThat(setting.isKnownOf(target)).as("%s of %s is known", setting, target).isTrue();
		assertThat(setting.of(target)).as("%s of %s", setting, target).isEqualTo(expected);
	}

	static Stream<Arguments> settingIsRead() {
		return Stream
			.of(containers(), factories(new SimpleRabbitListenerContainerFactory()),
					factories(new DirectRabbitListenerContainerFactory()), admins())
			.flatMap((arguments) -> arguments);
	}

	private static Stream<Arguments> containers() {
		Advice[] advice = { mock(Advice.class) };
		SimpleMessageListenerContainer simple = new SimpleMessageListenerContainer();
		simple.setDeclarationRetries(7);
		Stream<Arguments> declarations = Stream.of(Arguments.of(HiddenSetting.DECLARATION_RETRIES, simple, 7));
		return Stream.concat(declarations,
				Stream.of(simple, new DirectMessageListenerContainer()).flatMap((container) -> {
					ExponentialBackOff backOff = new ExponentialBackOff();
					container.setAdviceChain(advice);
					container.setRecoveryBackOff(backOff);
					return Stream.of(Arguments.of(HiddenSetting.ADVICE_CHAIN, container, advice),
							Arguments.of(HiddenSetting.RECOVERY_BACK_OFF, container, backOff));
				}));
	}

	private static Stream<Arguments> factories(AbstractRabbitListenerContainerFactory<?> factory) {
		ContainerCustomizer<?> customizer = setCustomizer(factory);
		ExponentialBackOff backOff = new ExponentialBackOff();
		factory.setRecoveryBackOff(backOff);
		return Stream.of(Arguments.of(HiddenSetting.CONTAINER_CUSTOMIZER, factory, customizer),
				Arguments.of(HiddenSetting.RECOVERY_BACK_OFF, factory, backOff));
	}

	private static <C extends AbstractMessageListenerContainer> ContainerCustomizer<C> setCustomizer(
			AbstractRabbitListenerContainerFactory<C> factory) {
		ContainerCustomizer<C> customizer = (container) -> {
		};
		factory.setContainerCustomizer(customizer);
		return customizer;
	}

	private static Stream<Arguments> admins() {
		RabbitAdmin admin = new RabbitAdmin(mock(ConnectionFactory.class));
		admin.setExplicitDeclarationsOnly(true);
		admin.setIgnoreDeclarationExceptions(true);
		return Stream.of(Arguments.of(HiddenSetting.EXPLICIT_DECLARATIONS_ONLY, admin, true),
				Arguments.of(HiddenSetting.IGNORE_DECLARATION_EXCEPTIONS, admin, true));
	}

	@Test
	void everySettingIsTested() {
		assertThat(settingIsRead().map((arguments) -> arguments.get()[0]).distinct())
			.containsExactlyInAnyOrderElementsOf(Arrays.asList(HiddenSetting.values()));
	}

	@Test
	void whatWasNotSetIsNull() {
		assertThat(HiddenSetting.RECOVERY_BACK_OFF.of(new SimpleRabbitListenerContainerFactory())).isNull();
		assertThat(HiddenSetting.CONTAINER_CUSTOMIZER.of(new SimpleRabbitListenerContainerFactory())).isNull();
		assertThat(HiddenSetting.DECLARATION_RETRIES.of(new SimpleMessageListenerContainer())).isNull();
	}

	@Test
	void settingThatDoesNotExistIsNamed() {
		assertThat(HiddenSetting.ADVICE_CHAIN.isKnownOf("text")).isFalse();
		assertThatIllegalArgumentException().isThrownBy(() -> HiddenSetting.ADVICE_CHAIN.of("text"))
			.withMessage("java.lang.String has no setting 'adviceChain'");
	}

}
