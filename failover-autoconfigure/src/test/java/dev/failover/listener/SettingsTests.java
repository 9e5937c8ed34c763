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

package dev.failover.listener;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.amqp.rabbit.config.SimpleRabbitListenerContainerFactory;
import org.springframework.amqp.rabbit.listener.SimpleMessageListenerContainer;
import org.springframework.beans.DirectFieldAccessor;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.mockito.Mockito.mock;

/**
 * Tests for versions of Spring AMQP in which a setting has another name.
 */
@ExtendWith(OutputCaptureExtension.class)
class SettingsTests {

	@Test
	void keepsTheUsersCustomizerOfAFactoryThatItDoesNotKnowAndSaysSo(CapturedOutput output) {
		SimpleRabbitListenerContainerFactory factory = new SimpleRabbitListenerContainerFactory();
		factory.setContainerCustomizer((container) -> container.setReceiveTimeout(700));
		Object users = new DirectFieldAccessor(factory).getPropertyValue("containerCustomizer");
		ContainerHook.add(factory, "customizerOfTomorrow", (container) -> container.setPrefetchCount(1));
		assertThat(new DirectFieldAccessor(factory).getPropertyValue("containerCustomizer")).isSameAs(users);
		assertThat(output).contains("WARN",
				"SimpleRabbitListenerContainerFactory has no setting 'customizerOfTomorrow'");
	}

	@Test
	void tunesWhatItKnowsOfAContainerAndSaysWhatItDoesNot(CapturedOutput output) {
		SimpleMessageListenerContainer container = new SimpleMessageListenerContainer();
		new ContainerTuner(mock(DirectContainerPacer.class)).tune(container,
				(setting) -> "missingQueuesFatal".equals(setting) && Settings.is(container, "settingOfTomorrow", true));
		assertThat(container.isPossibleAuthenticationFailureFatal()).isFalse();
		assertThat(output).contains("WARN", "tuned in part only", "has no setting 'settingOfTomorrow'")
			.doesNotContain("\tat ");
	}

	@Test
	void settingThatDoesNotExistIsNamed() {
		assertThat(Settings.exists("text", "value")).isTrue();
		assertThat(Settings.exists("text", "settingOfTomorrow")).isFalse();
		assertThatIllegalArgumentException().isThrownBy(() -> Settings.read("text", "settingOfTomorrow"))
			.withMessage("java.lang.String has no setting 'settingOfTomorrow'");
	}

}
