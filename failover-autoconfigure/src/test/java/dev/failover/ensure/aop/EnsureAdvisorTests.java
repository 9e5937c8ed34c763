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

package dev.failover.ensure.aop;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.FutureTask;

import com.rabbitmq.client.Channel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.reactivestreams.Publisher;
import org.springframework.aop.framework.autoproxy.DefaultAdvisorAutoProxyCreator;
import org.springframework.aop.support.AopUtils;
import org.springframework.beans.factory.BeanCreationException;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.support.GenericApplicationContext;
import reactor.core.publisher.Mono;

import dev.failover.ensure.Ensure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

@ExtendWith(OutputCaptureExtension.class)
class EnsureAdvisorTests {

	private static GenericApplicationContext contextWith(Class<?> bean) {
		GenericApplicationContext context = new GenericApplicationContext();
		context.registerBean(DefaultAdvisorAutoProxyCreator.class);
		context.registerBean(EnsureAdvisor.class, () -> new EnsureAdvisor(context.getBeanFactory(), () -> {
			throw new IllegalStateException("nothing is asked for before the first call");
		}, () -> null, () -> null));
		context.registerBean(bean);
		return context;
	}

	@Test
	void collaboratorsAreNotAskedForAtStart() {
		try (GenericApplicationContext context = contextWith(Plain.class)) {
			context.refresh();
			assertThat(AopUtils.isAopProxy(context.getBean(Plain.class))).isTrue();
		}
	}

	@Test
	void classWithoutTheAnnotationIsNoProxy() {
		try (GenericApplicationContext context = contextWith(Unannotated.class)) {
			context.refresh();
			assertThat(AopUtils.isAopProxy(context.getBean(Unannotated.class))).isFalse();
		}
	}

	@Test
	void wrongUseEndsTheStartAlsoBesideACorrectMethod() {
		try (GenericApplicationContext context = contextWith(OneOfTwoIsWrong.class)) {
			assertThatExceptionOfType(BeanCreationException.class).isThrownBy(context::refresh)
				.havingCause()
				.withMessageContaining("@Ensure on")
				.withMessageContaining("OneOfTwoIsWrong.wrong is wrong")
				.withMessageContaining("more than one parameter of type Channel");
		}
	}

	@Test
	void wrongUseEndsTheStartBehindAProxyOfAnInterface() {
		try (GenericApplicationContext context = contextWith(WrongOrders.class)) {
			assertThatExceptionOfType(BeanCreationException.class).isThrownBy(context::refresh)
				.havingCause()
				.withMessageContaining("WrongOrders.wrong is wrong");
		}
	}

	@Test
	void privateAndFinalMethodsAreWarnedOf(CapturedOutput output) {
		try (GenericApplicationContext context = contextWith(Unreachable.class)) {
			context.refresh();
			assertThat(output).contains("Unreachable.hidden has no effect").contains("Unreachable.last has no effect");
			assertThat(output).doesNotContain("Unreachable.open has no effect");
		}
	}

	@Test
	void resultsThatEndLaterAndCannotBeReplacedAreWarnedOf(CapturedOutput output) {
		try (GenericApplicationContext context = contextWith(Later.class)) {
			context.refresh();
			assertThat(output).contains("Later.task ends when the method returns, not with the FutureTask")
				.contains("Later.publisher ends when the method returns, not with the Publisher");
			assertThat(output).doesNotContain("Later.future")
				.doesNotContain("Later.stage")
				.doesNotContain("Later.mono");
		}
	}

	static class Later {

		@Ensure
		FutureTask<String> task() {
			return new FutureTask<>(() -> "");
		}

		@Ensure
		Publisher<String> publisher() {
			return Mono.empty();
		}

		@Ensure
		CompletableFuture<String> future() {
			return new CompletableFuture<>();
		}

		@Ensure
		CompletionStage<String> stage() {
			return new CompletableFuture<>();
		}

		@Ensure
		Mono<String> mono() {
			return Mono.empty();
		}

	}

	static class Plain {

		@Ensure
		void place() {
		}

	}

	static class Unannotated {

		void place() {
		}

	}

	static class OneOfTwoIsWrong {

		@Ensure
		void correct() {
		}

		@Ensure
		void wrong(Channel one, Channel other) {
		}

		@Ensure
		void alsoCorrect() {
		}

	}

	interface Orders {

		void correct();

		void wrong(Channel one, Channel other);

		void alsoCorrect();

	}

	static class WrongOrders implements Orders {

		@Override
		@Ensure
		public void correct() {
		}

		@Override
		@Ensure
		public void wrong(Channel one, Channel other) {
		}

		@Override
		@Ensure
		public void alsoCorrect() {
		}

	}

	static class Unreachable {

		@Ensure
		void open() {
			hidden();
		}

		@Ensure
		private void hidden() {
		}

		@Ensure
		final void last() {
		}

	}

}
