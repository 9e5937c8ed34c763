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

import java.beans.Introspector;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.lang.reflect.Constructor;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.net.ConnectException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

import com.fasterxml.jackson.annotation.JsonAutoDetect;
import com.fasterxml.jackson.annotation.PropertyAccessor;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.ser.std.ToStringSerializer;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.ReturnedMessage;
import org.springframework.beans.BeanUtils;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.core.ResolvableType;
import org.springframework.util.ReflectionUtils;

import dev.failover.actuate.BrokersHealthContributor;
import dev.failover.broker.Activation;
import dev.failover.broker.Broker;
import dev.failover.broker.BrokerCredentials;
import dev.failover.broker.BrokerEvent;
import dev.failover.broker.BrokerFailure;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.broker.FailureReason;
import dev.failover.broker.RecoveryPolicy;
import dev.failover.broker.TestBrokers;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What is shown of this product, as JSON or in Java's serialized form: events, statuses,
 * exceptions, what health and endpoints return, and whatever these contain. An instance
 * of each of these types is made here, so that a new one is tested, too.
 */
class SerializedFormTests {

	private static final String USER = "user-that-nobody-is-shown";

	private static final String PASSWORD = "password-that-nobody-is-shown";

	private static final JavaClasses CLASSES = new ClassFileImporter()
		.withImportOptions(List.of(new ImportOption.DoNotIncludeTests(), new WithoutTestKit()))
		.importPackages(ArchitectureTests.BASE_PACKAGE);

	private final Brokers brokers = new Brokers(List.of(TestBrokers.broker("a"), TestBrokers.broker("b")),
			(broker) -> BrokerCredentials.of(USER, PASSWORD), RecoveryPolicy.DEFAULTS, Clock.systemUTC());

	private final Broker broker = this.brokers.getAll().get(0);

	private BrokerFailure failure() {
		this.brokers.failed(this.broker, this.brokers.getIncarnation(this.broker), FailureReason.UNREACHABLE,
				new ConnectException("at amqp://someone:%s@a, or %s".formatted(PASSWORD, PASSWORD)));
		return this.brokers.getStatus("a").orElseThrow().lastFailure();
	}

	@ParameterizedTest
	@MethodSource("shown")
	@DisplayName("Behaviour 5: neither user nor password in whatever is serialized")
	void showsNeitherUserNorPassword(Class<?> type) throws Exception {
		assertFreeOfCredentials(instance(type));
	}

	@Test
	void credentialsAreReachedFromNothingThatIsShown() {
		assertThat(shown()).contains(Broker.class, BrokerEvent.Lost.class, BrokerStatus.class)
			.doesNotContain(BrokerCredentials.class);
	}

	@Test
	void credentialsThemselvesShowNothing() throws Exception {
		BrokerCredentials credentials = BrokerCredentials.of(USER, PASSWORD);
		assertFreeOfCredentials(credentials);
		assertThat(credentials).isNotInstanceOf(Serializable.class);
		assertThat(Introspector.getBeanInfo(BrokerCredentials.class).getPropertyDescriptors()).extracting("name")
			.containsExactly("class");
	}

	@Test
	void holderOfTheStateShowsNothing() throws Exception {
		failure();
		assertJsonIsFreeOfCredentials(this.brokers.getStatuses(), mappers());
		assertJsonIsFreeOfCredentials(new BrokersHealthContributor(this.brokers, () -> null).stream()
			.map((entry) -> ((HealthIndicator) entry.contributor()).health(true))
			.toList(), mappers());
		assertJsonIsFreeOfCredentials(this.brokers.getAll(), mappers());
		assertThat(mappers().get(0).writeValueAsString(this.brokers)).doesNotContain(USER, PASSWORD);
	}

	private void assertFreeOfCredentials(Object shown) throws IOException {
		assertThat(shown.toString()).doesNotContain(USER, PASSWORD);
		// the JDK does not open the fields of a throwable
		assertJsonIsFreeOfCredentials(shown, (shown instanceof Throwable) ? mappers().subList(0, 1) : mappers());
		if (shown instanceof Serializable) {
			ByteArrayOutputStream bytes = new ByteArrayOutputStream();
			try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
				out.writeObject(shown);
			}
			assertThat(bytes.toString(StandardCharsets.ISO_8859_1)).doesNotContain(USER, PASSWORD);
		}
	}

	private static void assertJsonIsFreeOfCredentials(Object shown, List<ObjectMapper> mappers) throws IOException {
		for (ObjectMapper mapper : mappers) {
			assertThat(mapper.writeValueAsString(shown)).doesNotContain(USER, PASSWORD);
		}
	}

	/**
	 * By getters, which is the default, and by fields, as some applications set it.
	 */
	private static List<ObjectMapper> mappers() {
		SimpleModule times = new SimpleModule();
		times.addSerializer(Duration.class, ToStringSerializer.instance);
		times.addSerializer(Instant.class, ToStringSerializer.instance);
		ObjectMapper getters = new ObjectMapper().registerModule(times)
			.disable(SerializationFeature.FAIL_ON_EMPTY_BEANS);
		ObjectMapper fields = getters.copy()
			.setVisibility(PropertyAccessor.ALL, JsonAutoDetect.Visibility.NONE)
			.setVisibility(PropertyAccessor.FIELD, JsonAutoDetect.Visibility.ANY);
		return List.of(getters, fields);
	}

	/**
	 * Return the concrete types that are shown, or contained in one that is.
	 */
	static Set<Class<?>> shown() {
		Deque<Class<?>> open = new ArrayDeque<>();
		CLASSES.stream().filter(SerializedFormTests::isShown).map(JavaClass::reflect).forEach(open::add);
		open.addAll(List.of(BrokerStatus.class, Activation.class));
		Set<Class<?>> found = new TreeSet<>(Comparator.comparing(Class::getName));
		while (!open.isEmpty()) {
			Class<?> type = open.pop();
			if (found.add(type)) {
				ReflectionUtils.doWithFields(type, (field) -> types(field.getGenericType()).forEach(open::add),
						(field) -> !Modifier.isStatic(field.getModifiers())
								&& !Modifier.isTransient(field.getModifiers()));
				Stream.of(BeanUtils.getPropertyDescriptors(type))
					.filter((property) -> property.getReadMethod() != null)
					.flatMap((property) -> types(property.getReadMethod().getGenericReturnType()))
					.forEach(open::add);
			}
		}
		found.removeIf((type) -> type.isInterface() || Modifier.isAbstract(type.getModifiers()));
		return found;
	}

	private static boolean isShown(JavaClass type) {
		boolean concrete = !type.isInterface() && !type.getModifiers().contains(JavaModifier.ABSTRACT);
		return concrete && (type.isAssignableTo(BrokerEvent.class) || type.isAssignableTo(Throwable.class)
				|| isOfAnEndpoint(type));
	}

	/**
	 * Descriptors of endpoints are nested in them, by convention.
	 */
	private static boolean isOfAnEndpoint(JavaClass type) {
		return type.getEnclosingClass()
			.filter((outer) -> outer.isAnnotatedWith("org.springframework.boot.actuate.endpoint.annotation.Endpoint"))
			.isPresent() && type.isRecord();
	}

	/**
	 * Return the product's types in a declaration, which may have type arguments.
	 */
	private static Stream<Class<?>> types(Type declared) {
		Class<?> raw = ResolvableType.forType(declared).resolve(Object.class);
		Stream<Class<?>> own = raw.getName().startsWith(ArchitectureTests.BASE_PACKAGE) ? Stream.of(raw)
				: Stream.empty();
		return (declared instanceof ParameterizedType parameterized) ? Stream.concat(own,
				Stream.of(parameterized.getActualTypeArguments()).flatMap(SerializedFormTests::types)) : own;
	}

	private Object instance(Class<?> type) throws ReflectiveOperationException {
		if (type.isEnum()) {
			return type.getEnumConstants()[0];
		}
		if (type == Broker.class) {
			return this.broker;
		}
		if (type == BrokerFailure.class) {
			return failure();
		}
		Constructor<?> constructor = Stream.of(type.getDeclaredConstructors())
			.filter((candidate) -> !Arrays.asList(candidate.getParameterTypes()).contains(type))
			.max(Comparator.comparing(Constructor::getParameterCount))
			.orElseThrow();
		constructor.setAccessible(true);
		Object[] arguments = new Object[constructor.getParameterCount()];
		for (int i = 0; i < arguments.length; i++) {
			arguments[i] = argument(constructor.getGenericParameterTypes()[i], constructor.getParameterTypes()[i]);
		}
		return constructor.newInstance(arguments);
	}

	/**
	 * Collections have what their type says, if that is a class.
	 */
	private Object argument(Type generic, Class<?> type) throws ReflectiveOperationException {
		if (!(generic instanceof ParameterizedType parameterized)) {
			return argument(type);
		}
		Type[] of = parameterized.getActualTypeArguments();
		if (type == Map.class && of[0] == String.class) {
			return Map.of("text", element(of[1]));
		}
		if (type == Map.class && of[0] instanceof Class<?> key && key.isEnum()) {
			return Map.of(instance(key), element(of[1]));
		}
		if (type == List.class) {
			return List.of(element(of[0]));
		}
		return argument(type);
	}

	private Object element(Type type) throws ReflectiveOperationException {
		return (type instanceof Class<?> known && known != Object.class) ? argument(known) : "text";
	}

	private Object argument(Class<?> type) throws ReflectiveOperationException {
		if (type == String.class) {
			return "text";
		}
		if (type == Map.class) {
			return Map.of(this.broker, failure());
		}
		if (type == List.class) {
			return List.of("text");
		}
		if (type == Set.class) {
			return Set.of("text");
		}
		if (type == ReturnedMessage.class) {
			return new ReturnedMessage(new Message("text".getBytes()), 312, "NO_ROUTE", "orders", "new");
		}
		if (type.isAssignableFrom(IllegalStateException.class)) {
			return new IllegalStateException("text");
		}
		Object simple = Map
			.<Class<?>, Object>of(boolean.class, true, int.class, 1, long.class, 1L, double.class, 1D, Integer.class, 1,
					Duration.class, Duration.ofSeconds(1), Instant.class, Instant.EPOCH)
			.get(type);
		return (simple != null) ? simple : instance(type);
	}

}
