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

package dev.failover.autoconfigure;

import java.lang.reflect.Method;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

import com.github.benmanes.caffeine.cache.Caffeine;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.mockito.Answers;
import org.mockito.Mockito;
import org.springframework.beans.factory.annotation.AnnotatedBeanDefinition;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.amqp.autoconfigure.RabbitAutoConfiguration;
import org.springframework.boot.amqp.autoconfigure.RabbitConnectionDetails;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.context.annotation.ImportCandidates;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.core.annotation.AnnotatedElementUtils;
import org.springframework.core.annotation.AnnotationUtils;
import org.springframework.core.type.MethodMetadata;
import org.springframework.util.ClassUtils;

import dev.failover.autoconfigure.rabbit.FailoverTemplateConfigurer;
import dev.failover.broker.Broker;
import dev.failover.broker.BrokerCredentials;
import dev.failover.broker.Brokers;
import dev.failover.connection.FailoverConnectionFactory;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Every bean of every auto-configuration: it is there by default, gives way to the
 * user's, and is not there when failover is disabled or a class is missing.
 */
class AutoConfiguredBeansTests {

	private static final Broker BROKER = Broker.of("own", "own.example.com", 5672);

	/**
	 * These hold for applications that are without failover, too.
	 */
	private static final Set<String> ALWAYS = Set.of("failoverSanitizingFunction");

	/**
	 * Beside the user's own {@code rabbitHealthContributor}, and beside a template of the
	 * user's own.
	 */
	private static final Set<String> NOT_BY_DEFAULT = Set.of("failoverHealthContributorBesideRabbit",
			"failoverTemplate");

	/**
	 * What they need would be active in every test: they are tested in a module of their
	 * own.
	 */
	private static final Set<String> ELSEWHERE = Set
		.of("dev.failover.autoconfigure.stream.FailoverStreamAutoConfiguration");

	/**
	 * Without it, the user must define a bean.
	 */
	private static final Set<String> NEEDED_OR_REPLACED = Set.of(Caffeine.class.getName());

	/**
	 * What they return is needed by other beans.
	 */
	private static final Set<Class<?>> CREATORS = Set.of(FailoverConnectionFactory.class,
			FailoverTemplateConfigurer.class);

	private final ApplicationContextRunner runner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(autoConfigurations().toArray(Class<?>[]::new)))
		.withConfiguration(AutoConfigurations.of(SslAutoConfiguration.class, RabbitAutoConfiguration.class))
		.withPropertyValues("failover.brokers=amqp://a;amqp://b", "failover.listener.deduplication.enabled=true",
				"failover.rebalance.enabled=true", "management.endpoints.web.exposure.include=failover",
				// so that nothing speaks of a context with mocks when later tests run
				"failover.shutdown-timeout=100ms");

	@Test
	void isThereByDefault() {
		this.runner.run((context) -> assertThat(beans())
			.allMatch((bean) -> bean.isIn(context) != NOT_BY_DEFAULT.contains(bean.method().getName())));
	}

	@Test
	void isNotThereWhenFailoverIsDisabled() {
		this.runner.withPropertyValues("failover.enabled=false")
			.run((context) -> assertThat(beans()).filteredOn((bean) -> bean.isIn(context))
				.extracting((bean) -> bean.method().getName())
				.containsExactlyElementsOf(ALWAYS));
	}

	@Test
	void givesWayUnlessItOnlyServesOthers() {
		assertThat(beans()).filteredOn((bean) -> bean.condition() == null)
			.extracting((bean) -> bean.method().getName())
			.containsExactlyInAnyOrder("failoverEventPublisher", "failoverBrokerEventsPostProcessor",
					"failoverTopologyPostProcessor", "failoverEagerAdmins", "failoverConnectionPurposePostProcessor",
					"failoverStartupCheck", "failoverShutdownGuard", "failoverConnectionFactoryCheck",
					"failoverRabbitListenerDefaults", "failoverListenerTuningPostProcessor",
					"failoverDeduplicationPostProcessor", "failoverBrokersRefresher",
					"failoverReplacedTemplatePostProcessor", "failoverOwnTemplateWarning",
					"failoverSeveralConnectionDetails", "failoverClientMetricsPostProcessor");
	}

	@ParameterizedTest
	@MethodSource
	void givesWayToTheUsers(AutoConfiguredBean bean) {
		Class<?> type = bean.replacedType();
		register(this.runner, bean.replacedName(), type)
			.run((context) -> assertThat(bean.isIn(context)).as("%s is there, too", bean).isFalse());
	}

	static Stream<AutoConfiguredBean> givesWayToTheUsers() {
		return beans().filter((bean) -> bean.condition() != null);
	}

	@ParameterizedTest
	@MethodSource
	void isNotThereWithoutAClassThatItNeeds(Class<?> missing) {
		this.runner.withClassLoader(new FilteredClassLoader(missing)).run((context) -> {
			assertThat(context).hasNotFailed();
			assertThat(beans()).filteredOn((bean) -> bean.needs().contains(missing.getName()))
				.isNotEmpty()
				.noneMatch((bean) -> bean.isIn(context));
		});
	}

	@Test
	void startFailsWithoutTheSupportOfSpringBoot() {
		this.runner.withClassLoader(new FilteredClassLoader(RabbitConnectionDetails.class))
			.run((context) -> assertThat(context).getFailure().hasMessageContaining("spring-boot-amqp"));
	}

	static Stream<Class<?>> isNotThereWithoutAClassThatItNeeds() {
		Set<String> names = new TreeSet<>();
		beans().forEach((bean) -> names.addAll(bean.needs()));
		names.removeAll(NEEDED_OR_REPLACED);
		names.remove(RabbitConnectionDetails.class.getName());
		return names.stream().map((name) -> ClassUtils.resolveClassName(name, null));
	}

	@SuppressWarnings("unchecked")
	private static <T> ApplicationContextRunner register(ApplicationContextRunner runner, String name, Class<T> type) {
		return runner.withBean(name, type, () -> (T) instance(type));
	}

	private static Object instance(Class<?> type) {
		if (type == Brokers.class) {
			return new Brokers(List.of(BROKER), Clock.systemUTC());
		}
		if (type == FailoverConnectionDetails.class) {
			return FailoverConnectionDetails.of(List.of(BROKER), (broker) -> BrokerCredentials.of("app", "secret"));
		}
		return Mockito.mock(type, CREATORS.contains(type) ? Answers.RETURNS_MOCKS : Answers.RETURNS_DEFAULTS);
	}

	private static List<Class<?>> autoConfigurations() {
		ClassLoader classLoader = AutoConfiguredBeansTests.class.getClassLoader();
		List<Class<?>> classes = new ArrayList<>();
		for (String name : ImportCandidates.load(AutoConfiguration.class, classLoader)) {
			if (name.startsWith("dev.failover.") && !ELSEWHERE.contains(name)) {
				classes.add(ClassUtils.resolveClassName(name, classLoader));
			}
		}
		return classes;
	}

	private static Stream<AutoConfiguredBean> beans() {
		return autoConfigurations().stream()
			.flatMap((type) -> Stream.concat(Stream.of(type), Stream.of(type.getDeclaredClasses())))
			.flatMap((type) -> Stream.of(type.getDeclaredMethods()))
			.filter((method) -> method.isAnnotationPresent(Bean.class))
			.map(AutoConfiguredBean::new);
	}

	/**
	 * A bean of an auto-configuration.
	 *
	 * @param method the method that creates it
	 */
	record AutoConfiguredBean(Method method) {

		boolean isIn(AssertableApplicationContext context) {
			ConfigurableListableBeanFactory factory = context.getSourceApplicationContext().getBeanFactory();
			return Stream.of(factory.getBeanDefinitionNames()).map(factory::getBeanDefinition).anyMatch(this::isMine);
		}

		private boolean isMine(BeanDefinition definition) {
			MethodMetadata creator = (definition instanceof AnnotatedBeanDefinition annotated)
					? annotated.getFactoryMethodMetadata() : null;
			return creator != null && creator.getMethodName().equals(this.method.getName())
					&& creator.getDeclaringClassName().equals(this.method.getDeclaringClass().getName());
		}

		@Nullable ConditionalOnMissingBean condition() {
			ConditionalOnMissingBean ofMethod = AnnotationUtils.findAnnotation(this.method,
					ConditionalOnMissingBean.class);
			return (ofMethod != null) ? ofMethod
					: AnnotationUtils.findAnnotation(this.method.getDeclaringClass(), ConditionalOnMissingBean.class);
		}

		Class<?> replacedType() {
			ConditionalOnMissingBean condition = condition();
			return (condition != null && condition.value().length > 0) ? condition.value()[0]
					: this.method.getReturnType();
		}

		String replacedName() {
			ConditionalOnMissingBean condition = condition();
			return (condition != null && condition.name().length > 0) ? condition.name()[0] : "own";
		}

		/**
		 * The names of the classes that must be there.
		 */
		Set<String> needs() {
			Set<String> needed = new TreeSet<>();
			for (Class<?> type = this.method.getDeclaringClass(); type != null; type = type.getEnclosingClass()) {
				ConditionalOnClass condition = AnnotatedElementUtils.findMergedAnnotation(type,
						ConditionalOnClass.class);
				if (condition != null) {
					Stream.of(condition.value()).map(Class::getName).forEach(needed::add);
				}
			}
			return needed;
		}

		@Override
		public String toString() {
			return this.method.getDeclaringClass().getSimpleName() + "." + this.method.getName();
		}

	}

}
