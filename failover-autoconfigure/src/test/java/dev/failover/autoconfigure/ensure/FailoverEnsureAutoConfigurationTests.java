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

package dev.failover.autoconfigure.ensure;

import java.io.IOException;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.ShutdownSignalException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.amqp.AmqpException;
import org.springframework.amqp.AmqpIOException;
import org.springframework.aop.support.AopUtils;
import org.springframework.boot.amqp.autoconfigure.RabbitAutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.AliasFor;

import dev.failover.autoconfigure.FailoverAutoConfiguration;
import dev.failover.autoconfigure.rabbit.FailoverRabbitAutoConfiguration;
import dev.failover.autoconfigure.rabbit.FailoverTemplateAutoConfiguration;
import dev.failover.broker.Broker;
import dev.failover.broker.Brokers;
import dev.failover.ensure.Ensure;
import dev.failover.ensure.EnsureListener;
import dev.failover.ensure.EnsurePolicy;
import dev.failover.ensure.Ensurer;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.EmbeddedBroker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Tests for {@link FailoverEnsureAutoConfiguration} and {@link Ensure} on beans.
 */
class FailoverEnsureAutoConfigurationTests {

	private final ApplicationContextRunner contextRunner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(FailoverAutoConfiguration.class, FailoverRabbitAutoConfiguration.class,
				FailoverEnsureAutoConfiguration.class, FailoverTemplateAutoConfiguration.class,
				RabbitAutoConfiguration.class));

	@Test
	void defaultPolicyComesFromTheProperties() {
		this.contextRunner
			.withPropertyValues("failover.ensure.max-retries=3", "failover.ensure.timeout=9s",
					"failover.ensure.interval.start=1ms", "failover.ensure.interval.step=2ms",
					"failover.ensure.interval.max=3ms", "failover.ensure.interval.jitter=0.4",
					"failover.ensure.interval.multiplier=5")
			.run((context) -> {
				EnsurePolicy policy = context.getBean(EnsurePolicy.class);
				assertThat(policy.maxRetries()).isEqualTo(3);
				assertThat(policy.timeout()).isEqualTo(Duration.ofSeconds(9));
				assertThat(policy.interval().start()).isEqualTo(Duration.ofMillis(1));
				assertThat(policy.interval().step()).isEqualTo(Duration.ofMillis(2));
				assertThat(policy.interval().max()).isEqualTo(Duration.ofMillis(3));
				assertThat(policy.interval().jitter()).isEqualTo(0.4);
				assertThat(policy.interval().multiplier()).isEqualTo(5);
			});
	}

	@Test
	void policyWithoutPropertiesIsTheDefault() {
		this.contextRunner
			.run((context) -> assertThat(context.getBean(EnsurePolicy.class)).isEqualTo(EnsurePolicy.DEFAULT));
	}

	@Test
	void policyOfTheUserWins() {
		this.contextRunner.withBean(EnsurePolicy.class, () -> EnsurePolicy.DEFAULT.withMaxRetries(7))
			.run((context) -> assertThat(context.getBean(EnsurePolicy.class).maxRetries()).isEqualTo(7));
	}

	@Test
	void nothingIsEnsuredWhenFailoverIsDisabled() {
		this.contextRunner.withPropertyValues("failover.enabled=false").withBean(Shop.class).run((context) -> {
			assertThat(context).doesNotHaveBean(Ensurer.class);
			assertThat(AopUtils.isAopProxy(context.getBean(Shop.class))).isFalse();
		});
	}

	@Test
	void methodIsRetriedUntilItSucceeds() {
		withShop((shop, events) -> {
			assertThat(shop.place(2)).isEqualTo("placed on try 3");
			assertThat(events).filteredOn((event) -> event.startsWith("failed")).hasSize(2);
		});
	}

	@Test
	void exceptionThatIsNoBrokerFailurePassesUntouched() {
		withShop((shop, events) -> {
			assertThatExceptionOfType(IllegalStateException.class).isThrownBy(shop::refuse).withMessage("sold out");
			assertThat(events).isEmpty();
		});
	}

	@Test
	void maxRetriesOfTheAnnotationIsAPlaceholder() {
		withShop((shop, events) -> {
			assertThatExceptionOfType(AmqpException.class).isThrownBy(() -> shop.placeAtMostTwice(9));
			assertThat(shop.tries()).isEqualTo(2);
		});
	}

	@Test
	void fallbackIsCalledWithTheArgumentsAndTheFailure() {
		withShop((shop, events) -> assertThat(shop.placeOrElse("book")).isEqualTo("later: book, AmqpIOException"));
	}

	@Test
	void futureIsEnsuredToItsCompletion() {
		withShop((shop, events) -> assertThat(shop.placeLater(1)).succeedsWithin(Duration.ofSeconds(10))
			.isEqualTo("placed on try 2"));
	}

	@Test
	void methodThatReturnsNoFutureReturnsNull() {
		withShop((shop, events) -> assertThat(shop.placeNever()).isNull());
	}

	@Test
	void channelIsFilledInAndAnotherOneOnEachTry() throws Exception {
		try (EmbeddedBroker broker = EmbeddedBroker.builder().start()) {
			this.contextRunner.withUserConfiguration(ShopConfiguration.class)
				.withPropertyValues("failover.brokers=" + broker.uri(), "orders.retries=1")
				.run((context) -> {
					Shop shop = context.getBean(Shop.class);
					context.getBean(FailoverTemplate.class).execute((channel) -> null);
					shop.placeOn(null);
					assertThat(shop.channels()).hasSize(2).doesNotContainNull().doesNotHaveDuplicates();
				});
		}
	}

	@Test
	void annotationOfTheClassAndMetaAnnotationsApply() {
		withContext(ShopConfiguration.class, (context) -> {
			assertThat(context.getBean(Counter.class).call()).isEqualTo(3);
			assertThat(context.getBean(Desk.class).call()).isEqualTo(2);
			assertThat(AopUtils.isAopProxy(context.getBean(Desk.class))).isTrue();
		});
	}

	@ParameterizedTest
	@ValueSource(classes = { WrongFallback.class, WrongNumber.class, WrongListener.class, TwoChannels.class })
	void wrongUseEndsTheStartAndNamesTheMethod(Class<?> wrong) {
		this.contextRunner.withBean(wrong)
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.satisfies((failure) -> assertThat(rootMessages(context.getStartupFailure()))
					.contains("@Ensure on " + wrong.getName() + ".call is wrong")));
	}

	private static String rootMessages(Throwable failure) {
		StringBuilder messages = new StringBuilder();
		for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
			messages.append(cause.getMessage()).append('\n');
		}
		return messages.toString();
	}

	private void withShop(Check<Shop, List<String>> check) {
		withContext(ShopConfiguration.class,
				(context) -> check.accept(context.getBean(Shop.class), context.getBean(Hook.class).events));
	}

	private void withContext(Class<?> configuration, Contextual action) {
		try (EmbeddedBroker one = EmbeddedBroker.builder().start();
				EmbeddedBroker two = EmbeddedBroker.builder().start()) {
			this.contextRunner.withUserConfiguration(configuration)
				.withPropertyValues("failover.brokers=" + one.uri() + ";" + two.uri(), "orders.retries=1")
				.run((context) -> {
					Brokers brokers = context.getBean(Brokers.class);
					Broker first = brokers.getAll().get(0);
					brokers.connected(first, 0);
					action.accept(context);
				});
		}
	}

	private static AmqpException lost() {
		return new AmqpIOException(new IOException(new ShutdownSignalException(true, false, null, "connection")));
	}

	/**
	 * Uses a context.
	 */
	@FunctionalInterface
	interface Contextual {

		void accept(ApplicationContext context);

	}

	/**
	 * Checks two things.
	 *
	 * @param <A> the one
	 * @param <B> the other
	 */
	@FunctionalInterface
	interface Check<A, B> {

		void accept(A one, B other);

	}

	/**
	 * The beans.
	 */
	@Configuration(proxyBeanMethods = false)
	static class ShopConfiguration {

		@Bean
		Shop shop() {
			return new Shop();
		}

		@Bean
		Hook hook() {
			return new Hook();
		}

		@Bean
		CounterOfShop counter() {
			return new CounterOfShop();
		}

		@Bean
		Desk desk() {
			return new Desk();
		}

	}

	/**
	 * A service.
	 */
	static class Shop {

		private int tries;

		private final List<Channel> channels = new ArrayList<>();

		int tries() {
			return this.tries;
		}

		List<Channel> channels() {
			return this.channels;
		}

		@Ensure(listeners = "hook")
		String place(int failures) {
			if (++this.tries <= failures) {
				throw lost();
			}
			return "placed on try " + this.tries;
		}

		@Ensure
		void refuse() {
			throw new IllegalStateException("sold out");
		}

		@Ensure(maxRetries = "${orders.retries}")
		void placeAtMostTwice(int failures) {
			place(failures);
		}

		@Ensure(maxRetries = "1", fallbackMethod = "later")
		String placeOrElse(String item) {
			throw lost();
		}

		String later(String item, Exception failure) {
			return "later: " + item + ", " + failure.getClass().getSimpleName();
		}

		@Ensure
		CompletableFuture<String> placeLater(int failures) {
			return CompletableFuture.supplyAsync(() -> place(failures),
					CompletableFuture.delayedExecutor(10, TimeUnit.MILLISECONDS));
		}

		@Ensure
		@Nullable CompletableFuture<String> placeNever() {
			return null;
		}

		@Ensure
		void placeOn(@Nullable Channel channel) {
			this.channels.add(channel);
			if (this.channels.size() == 1) {
				throw lost();
			}
		}

	}

	/**
	 * A hook.
	 */
	static class Hook implements EnsureListener {

		final List<String> events = new ArrayList<>();

		@Override
		public void onFailure(Throwable failure, @Nullable Broker failed, @Nullable Broker next, Duration interval) {
			this.events.add("failed");
		}

	}

	/**
	 * An interface that is proxied.
	 */
	interface Counter {

		int call();

	}

	/**
	 * Ensured as a whole.
	 */
	@Ensure
	static class CounterOfShop implements Counter {

		private int calls;

		@Override
		public int call() {
			if (++this.calls < 3) {
				throw lost();
			}
			return this.calls;
		}

	}

	/**
	 * Ensured, as this project means it.
	 */
	@Target(ElementType.METHOD)
	@Retention(RetentionPolicy.RUNTIME)
	@Ensure
	@interface Twice {

		@AliasFor(annotation = Ensure.class, attribute = "maxRetries")
		String retries() default "1";

	}

	/**
	 * Uses the meta-annotation.
	 */
	static class Desk {

		private int calls;

		@Twice
		int call() {
			if (++this.calls < 2) {
				throw lost();
			}
			return this.calls;
		}

	}

	/**
	 * Has no such fallback.
	 */
	static class WrongFallback {

		@Ensure(fallbackMethod = "none")
		void call() {
		}

	}

	/**
	 * Has no number.
	 */
	static class WrongNumber {

		@Ensure(maxRetries = "many")
		void call() {
		}

	}

	/**
	 * Has no such listener.
	 */
	static class WrongListener {

		@Ensure(listeners = "nobody")
		void call() {
		}

	}

	/**
	 * Has one channel too many.
	 */
	static class TwoChannels {

		@Ensure
		void call(Channel one, Channel two) {
		}

	}

}
