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

import java.lang.invoke.MethodHandles;
import java.lang.reflect.AccessibleObject;
import java.lang.reflect.Field;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.library.GeneralCodingRules;
import org.jspecify.annotations.NullMarked;
import org.springframework.beans.DirectFieldAccessor;
import org.springframework.boot.context.properties.ConfigurationProperties;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

/**
 * Who may know whom, and what no class of the main code may do.
 */
@AnalyzeClasses(packages = ArchitectureTests.BASE_PACKAGE,
		importOptions = { ImportOption.DoNotIncludeTests.class, WithoutTestKit.class })
class ArchitectureTests {

	static final String BASE_PACKAGE = "dev.failover";

	private static final String AUTOCONFIGURE = "autoconfigure";

	private static final String[] RUNTIME = { "dev.failover.broker..", "dev.failover.failure..",
			"dev.failover.strategy..", "dev.failover.virtual..", "dev.failover.connection..",
			"dev.failover.detection..", "dev.failover.ensure..", "dev.failover.template..", "dev.failover.listener..",
			"dev.failover.topology..", "dev.failover.actuate..", "dev.failover.spring.." };

	/**
	 * Each package, and those that it may know besides itself. {@code autoconfigure} may
	 * know all of them, and none of them {@code autoconfigure}.
	 */
	private static final Map<String, Set<String>> ARROWS = Map.ofEntries(
	// @formatter:off
			Map.entry("broker", Set.of()),
			Map.entry("strategy", Set.of("broker")),
			Map.entry("failure", Set.of("broker")),
			Map.entry("virtual", Set.of("broker", "failure")),
			Map.entry("connection", Set.of("broker", "strategy", "failure", "virtual")),
			Map.entry("detection", Set.of("broker", "connection", "failure")),
			Map.entry("ensure", Set.of("broker", "failure")),
			Map.entry("template", Set.of("broker", "failure", "ensure", "connection")),
			Map.entry("spring", Set.of()),
			Map.entry("listener", Set.of("broker", "failure", "connection", "spring")),
			Map.entry("topology", Set.of("broker", "failure", "connection", "spring")),
			Map.entry("actuate", Set.of("broker", "connection", "detection", "ensure", "template", "listener"))
	// @formatter:on
	);

	@ArchTest
	static final ArchRule everyClassLivesInOneOfThePackages = classes()
		.should(new ArchCondition<>("live in one of the packages of the architecture") {

			@Override
			public void check(JavaClass javaClass, ConditionEvents events) {
				String part = part(javaClass);
				boolean known = ARROWS.containsKey(part) || AUTOCONFIGURE.equals(part);
				events.add(new SimpleConditionEvent(javaClass, known,
						"%s lives in no package of the architecture".formatted(javaClass.getName())));
			}

		});

	@ArchTest
	static final ArchRule dependenciesFollowTheArrows = classes()
		.should(new ArchCondition<>("depend only on the packages that theirs may know") {

			@Override
			public void check(JavaClass javaClass, ConditionEvents events) {
				String source = part(javaClass);
				if (AUTOCONFIGURE.equals(source)) {
					return;
				}
				for (Dependency dependency : javaClass.getDirectDependenciesFromSelf()) {
					String target = part(dependency.getTargetClass());
					boolean allowed = target.isEmpty() || target.equals(source)
							|| ARROWS.getOrDefault(source, Set.of()).contains(target);
					events.add(new SimpleConditionEvent(dependency, allowed,
							"'%s' must not know '%s': %s".formatted(source, target, dependency.getDescription())));
				}
			}

		});

	@ArchTest
	static final ArchRule packagesAreFreeOfCycles = slices().matching("dev.failover.(**)").should().beFreeOfCycles();

	@ArchTest
	static final ArchRule nothingDependsOnAutoConfigure = noClasses().that()
		.resideOutsideOfPackage("dev.failover.autoconfigure..")
		.should()
		.dependOnClassesThat()
		.resideInAPackage("dev.failover.autoconfigure..");

	@ArchTest
	static final ArchRule runtimeCodeNeverSeesProperties = noClasses().that()
		.resideOutsideOfPackage("dev.failover.autoconfigure..")
		.should()
		.dependOnClassesThat()
		.haveSimpleName("FailoverProperties")
		.orShould()
		.dependOnClassesThat()
		.areAnnotatedWith(ConfigurationProperties.class)
		.orShould()
		.beAnnotatedWith(ConfigurationProperties.class);

	@ArchTest
	static final ArchRule stateAndStrategyKnowNoProtocol = noClasses().that()
		.resideInAnyPackage("dev.failover.broker..", "dev.failover.strategy..")
		.should()
		.dependOnClassesThat()
		.resideInAnyPackage("com.rabbitmq..", "org.springframework.amqp..");

	@ArchTest
	static final ArchRule onlyTemplateListenerAndTopologyKnowSpringRabbit = noClasses().that()
		.resideInAnyPackage(RUNTIME)
		.and()
		.resideOutsideOfPackages("dev.failover.template..", "dev.failover.listener..", "dev.failover.topology..")
		.should()
		.dependOnClassesThat()
		.resideInAPackage("org.springframework.amqp.rabbit..");

	@ArchTest
	static final ArchRule onlyHiddenSettingReadsFields = noClasses().that()
		.doNotHaveFullyQualifiedName("dev.failover.spring.HiddenSetting")
		.should()
		.dependOnClassesThat()
		.belongToAnyOf(Field.class, AccessibleObject.class, DirectFieldAccessor.class, MethodHandles.class);

	@ArchTest
	static final ArchRule onlyEnsureKnowsSpringRetry = noClasses().that()
		.resideInAnyPackage(RUNTIME)
		.and()
		.resideOutsideOfPackage("dev.failover.ensure..")
		.should()
		.dependOnClassesThat()
		.resideInAPackage("org.springframework.retry..");

	@ArchTest
	static final ArchRule onlyActuateKnowsMetersAndHealth = noClasses().that()
		.resideInAnyPackage(RUNTIME)
		.and()
		.resideOutsideOfPackage("dev.failover.actuate..")
		.should()
		.dependOnClassesThat()
		.resideInAnyPackage("io.micrometer.core..", "org.springframework.boot.health..",
				"org.springframework.boot.actuate..");

	@ArchTest
	static final ArchRule onlyTemplateKnowsObservations = noClasses().that()
		.resideInAnyPackage(RUNTIME)
		.and()
		.resideOutsideOfPackages("dev.failover.template..", "dev.failover.actuate..")
		.should()
		.dependOnClassesThat()
		.resideInAnyPackage("io.micrometer..");

	@ArchTest
	static final ArchRule actuateOnlyReadsTheState = noClasses().that()
		.resideInAPackage("dev.failover.actuate..")
		.should()
		.accessTargetWhere(describe("change the state of the brokers", (access) -> {
			String owner = access.getTarget().getOwner().getName();
			return owner.equals("dev.failover.broker.Brokers")
					&& !access.getTarget().getName().matches("(get|is)[A-Z].*|(add|remove)Listener|toString");
		}));

	@ArchTest
	static final ArchRule everyPackageIsNullMarked = classes()
		.should(new ArchCondition<>("live in a package that is @NullMarked") {

			@Override
			public void check(JavaClass javaClass, ConditionEvents events) {
				events.add(new SimpleConditionEvent(javaClass, javaClass.getPackage().isAnnotatedWith(NullMarked.class),
						"Package %s of %s is not @NullMarked".formatted(javaClass.getPackageName(),
								javaClass.getName())));
			}

		});

	@ArchTest
	static final ArchRule nothingIsSynchronized = methods().should().notHaveModifier(JavaModifier.SYNCHRONIZED);

	@ArchTest
	static final ArchRule nothingSleeps = noClasses().should()
		.callMethod(Thread.class, "sleep", long.class)
		.orShould()
		.callMethod(Thread.class, "sleep", long.class, int.class)
		.orShould()
		.callMethod(TimeUnit.class, "sleep", long.class);

	@ArchTest
	static final ArchRule nothingUsesJavaUtilLogging = noClasses().should()
		.dependOnClassesThat()
		.resideInAPackage("java.util.logging..");

	@ArchTest
	static final ArchRule nothingPrints = GeneralCodingRules.NO_CLASSES_SHOULD_ACCESS_STANDARD_STREAMS;

	/**
	 * The first segment of the class's package under the base package, empty for classes
	 * that are not of this project or live in the base package itself.
	 */
	private static String part(JavaClass javaClass) {
		String prefix = BASE_PACKAGE + ".";
		String name = javaClass.getBaseComponentType().getPackageName();
		return name.startsWith(prefix) ? name.substring(prefix.length()).split("\\.")[0] : "";
	}

}
