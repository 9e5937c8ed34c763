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

package dev.failover.architecture;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanFactoryPostProcessor;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * How auto-configuration is written.
 */
@AnalyzeClasses(packages = ArchitectureTests.BASE_PACKAGE,
		importOptions = { ImportOption.DoNotIncludeTests.class, WithoutTestKit.class })
class AutoConfigurationArchitectureTests {

	private static final String IMPORTS = "META-INF/spring/org.springframework.boot.autoconfigure.AutoConfiguration.imports";

	private static final DescribedPredicate<JavaMethod> POST_PROCESSOR = describe("return a post-processor",
			(method) -> method.getRawReturnType().isAssignableTo(BeanPostProcessor.class)
					|| method.getRawReturnType().isAssignableTo(BeanFactoryPostProcessor.class));

	@ArchTest
	static final ArchRule autoConfigurationsArePublicFinalAndNamedSo = classes().that()
		.areAnnotatedWith(AutoConfiguration.class)
		.should()
		.bePublic()
		.andShould()
		.haveModifier(JavaModifier.FINAL)
		.andShould()
		.haveSimpleNameEndingWith("AutoConfiguration")
		.andShould()
		.resideInAPackage("dev.failover.autoconfigure..");

	@ArchTest
	static final ArchRule classesNamedAutoConfigurationAreSome = classes().that()
		.haveSimpleNameEndingWith("AutoConfiguration")
		.should()
		.beAnnotatedWith(AutoConfiguration.class);

	@ArchTest
	static final ArchRule nothingInsideIsPublic = classes().that()
		.areAnnotatedWith(AutoConfiguration.class)
		.should(new ArchCondition<>("have nothing public inside") {

			@Override
			public void check(JavaClass javaClass, ConditionEvents events) {
				javaClass.getMembers()
					.stream()
					.filter((member) -> member.getModifiers().contains(JavaModifier.PUBLIC))
					.filter((member) -> !member.getModifiers().contains(JavaModifier.SYNTHETIC))
					.filter((member) -> !isDefaultConstructor(member.getFullName(), javaClass))
					.forEach((member) -> events
						.add(SimpleConditionEvent.violated(member, "%s is public".formatted(member.getDescription()))));
			}

		});

	@ArchTest
	static final ArchRule nothingNestedIsPublic = classes()
		.that(describe("are nested in an auto-configuration", AutoConfigurationArchitectureTests::isNested))
		.should()
		.notBePublic();

	@ArchTest
	static final ArchRule configurationsDoNotProxyBeanMethods = classes().that()
		.areAnnotatedWith(Configuration.class)
		.should(new ArchCondition<>("say proxyBeanMethods = false") {

			@Override
			public void check(JavaClass javaClass, ConditionEvents events) {
				boolean proxies = javaClass.getAnnotationOfType(Configuration.class).proxyBeanMethods();
				events.add(new SimpleConditionEvent(javaClass, !proxies,
						"%s proxies its bean methods".formatted(javaClass.getName())));
			}

		});

	@ArchTest
	static final ArchRule conditionsOnClassesAreNotOnBeanMethods = methods().that()
		.areAnnotatedWith(Bean.class)
		.should()
		.notBeAnnotatedWith(ConditionalOnClass.class);

	@ArchTest
	static final ArchRule postProcessorsAreStatic = methods().that()
		.areAnnotatedWith(Bean.class)
		.and(POST_PROCESSOR)
		.should()
		.beStatic();

	@ArchTest
	static final ArchRule postProcessorsPullNoBeansIn = methods().that()
		.areAnnotatedWith(Bean.class)
		.and(POST_PROCESSOR)
		.should(new ArchCondition<>("take only what pulls no other bean in") {

			@Override
			public void check(JavaMethod method, ConditionEvents events) {
				method.getRawParameterTypes()
					.stream()
					.filter((type) -> !type.isEquivalentTo(ObjectProvider.class)
							&& !type.isAssignableTo(BeanFactory.class) && !type.isAssignableTo(Environment.class))
					.forEach((type) -> events.add(SimpleConditionEvent.violated(method,
							"%s takes %s".formatted(method.getDescription(), type.getName()))));
			}

		});

	@ArchTest
	static void autoConfigurationsAreRegistered(JavaClasses classes) throws IOException {
		Set<String> declared = classes.stream()
			.filter((javaClass) -> javaClass.isAnnotatedWith(AutoConfiguration.class))
			.map(JavaClass::getName)
			.collect(Collectors.toCollection(TreeSet::new));
		assertThat(registered()).isEqualTo(declared);
	}

	private static Set<String> registered() throws IOException {
		Set<String> registered = new TreeSet<>();
		ClassLoader classLoader = AutoConfigurationArchitectureTests.class.getClassLoader();
		for (URL url : Collections.list(classLoader.getResources(IMPORTS))) {
			try (InputStream stream = url.openStream()) {
				new String(stream.readAllBytes(), StandardCharsets.UTF_8).lines()
					.map(String::trim)
					.filter((line) -> line.startsWith(ArchitectureTests.BASE_PACKAGE + "."))
					.forEach(registered::add);
			}
		}
		return registered;
	}

	private static boolean isDefaultConstructor(String fullName, JavaClass javaClass) {
		return fullName.equals(javaClass.getName() + ".<init>()");
	}

	private static boolean isNested(JavaClass javaClass) {
		return javaClass.getEnclosingClass()
			.filter((enclosing) -> enclosing.isAnnotatedWith(AutoConfiguration.class) || isNested(enclosing))
			.isPresent();
	}

}
