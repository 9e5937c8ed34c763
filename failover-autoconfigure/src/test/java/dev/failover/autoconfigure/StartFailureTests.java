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

import java.util.List;
import java.util.stream.Stream;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.amqp.autoconfigure.RabbitConnectionDetails;
import org.springframework.boot.amqp.autoconfigure.RabbitConnectionDetails.Address;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Primary;
import org.springframework.core.annotation.Order;

import dev.failover.broker.Broker;
import dev.failover.broker.Brokers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatException;

/**
 * Tests for what an application prints whose configuration is wrong.
 */
@ExtendWith(OutputCaptureExtension.class)
class StartFailureTests {

	@ParameterizedTest
	@CsvSource({ "0, 0s", "-1500ms, -1500ms", "-2m, -120s", "30d, 30d" })
	void wrongDurationIsShownAsItWouldBeWrittenInAProperty(String duration, String shown, CapturedOutput output) {
		assertFails("failover.connect.timeout=" + duration);
		assertThat(output).contains("Value: \"" + shown + "\"");
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '"',
			textBlock = """
					failover.brokers=                                  | 'failover.brokers'    | lists no broker        | List at least one
					failover.brokers=amqp://a;                         | 'failover.brokers[1]' | it is empty            | remove the entry
					failover.brokers=amqp://a;;amqp://b                | 'failover.brokers[1]' | it is empty            | remove the entry
					failover.brokers=amqp://a;user:secret@b            | 'failover.brokers[1]' | it has no scheme       | amqp://
					failover.brokers=amqp://a;http://user:secret@b     | 'failover.brokers[1]' | neither amqp nor amqps | amqps://
					failover.brokers=amqp://user:secret@a?heartbeat=1  | 'failover.brokers[0]' | it has parameters      | Remove them
					failover.brokers=amqp://user:secret@a:70000        | 'failover.brokers[0]' | out of range           | from 1 to 65535
					failover.brokers=amqp://a;amqp://user:secret@a     | 'failover.brokers[1]' | the same host, port    | Remove one of them
					failover.brokers=amqp://a,amqp://user:secret@b     | 'failover.brokers[0]' | several URLs           | Separate URLs with ';'
					failover.broker=amqp://user:secret@a               | 'failover.broker'     | no such property       | Correct it to failover.brokers
					failover.broker[0].uri=amqp://user:secret@a        | 'failover.broker[0].uri' | no such property    | Correct it to failover.brokers
					failover.borkers=amqp://user:secret@a              | 'failover.borkers'    | no such property       | Correct it to failover.brokers
					failover.brokers=amqp://user:s@secret@a            | 'failover.brokers[0]' | an '@' that does not   | %40
					failover.brokers[0].username=user                  | 'failover.brokers[0]' | it is empty            | Give the URL
					failover.brokers[1]=amqp://user:secret@b           | 'failover.brokers'    | gaps                   | from 0
					spring.rabbitmq.addresses=amqp://user:secret@a:xx  | 'spring.rabbitmq.addresses'            | nor an AMQP URL          | host:5672
					failover.enabled=maybe                             | 'failover.enabled'    | neither true nor false | Use true or false
					failover.enabled=on                                | 'failover.enabled'    | neither true nor false | Use true or false
					spring.rabbitmq.ssl.bundle=nowhere                 | 'spring.rabbitmq.ssl.bundle'           | no SSL bundle of that    | spring.ssl.bundle
					failover.strategy=                                 | 'failover.strategy'   | it is empty            | Name a strategy
					failover.connect.timeout=0s                        | 'failover.connect.timeout'             | at least one millisecond | 3s
					failover.connect.timeout=300000000000d             | 'failover.connect.timeout'             | at most 24 days          | 3s
					failover.connect.race-delay=-1ms                   | 'failover.connect.race-delay'          | must not be negative     | 200ms
					failover.ensure.max-retries=-1                     | 'failover.ensure.max-retries'          | at least 0               | number
					failover.ensure.timeout=0                          | 'failover.ensure.timeout'              | at least one millisecond | 3s
					failover.ensure.interval.start=-1s                 | 'failover.ensure.interval.start'       | must not be negative     | 200ms
					failover.ensure.interval.start=9s                  | 'failover.ensure.interval.max'         | shorter than             | Raise it
					failover.ensure.interval.step=-1s                  | 'failover.ensure.interval.step'        | must not be negative     | 200ms
					failover.ensure.interval.max=-1s                   | 'failover.ensure.interval.max'         | must not be negative     | 200ms
					failover.ensure.interval.jitter=1.1                | 'failover.ensure.interval.jitter'      | not a share              | 0.2
					failover.ensure.interval.multiplier=0.5            | 'failover.ensure.interval.multiplier'  | shorter                  | at least 1
					failover.publish.confirm-timeout=0                 | 'failover.publish.confirm-timeout'     | at least one millisecond | 3s
					failover.publish.max-in-flight=0                   | 'failover.publish.max-in-flight'       | at least 1               | number
					""")
	@DisplayName("Behaviour 3: a wrong entry ends the start with the property, the entry and the mend")
	void wrongPropertyIsNamedWithTheMendAndWithoutThePassword(String argument, String property, String reason,
			String action, CapturedOutput output) {
		assertFails(argument);
		assertThat(output).contains("APPLICATION FAILED TO START")
			.contains("Property " + property + " cannot be used")
			.contains(reason)
			.contains(action)
			.doesNotContain("secret");
	}

	@Test
	@DisplayName("Behaviour 9: an unknown strategy ends the start, with one broker, too, and lists the valid names")
	void unknownStrategyEndsTheStartAndListsTheValidNames(CapturedOutput output) {
		assertFails("failover.brokers=amqp://a", "failover.strategy=round_robin");
		assertThat(output).contains("APPLICATION FAILED TO START")
			.contains("Property 'failover.strategy' cannot be used")
			.contains("round_robin")
			.contains("[round-robin, shuffle, priority, weighted]");
	}

	@Test
	void gapInTheListDoesNotPrintThePassword(CapturedOutput output) {
		assertFails("failover.brokers[0]=amqp://a", "failover.brokers[2].uri=amqp://b",
				"failover.brokers[2].password=secret");
		assertThat(output).contains("'failover.brokers' cannot be used").doesNotContain("secret");
	}

	@Test
	void keyBesideAUrlIsRejected(CapturedOutput output) {
		assertFails("failover.brokers[0]=amqp://user:secret@a", "failover.brokers[0].name=main");
		assertThat(output).contains("'failover.brokers[0]' cannot be used")
			.contains("its key 'name' is set, too")
			.doesNotContain("secret");
	}

	@Test
	void keyBesideAStringOfUrlsIsRejected(CapturedOutput output) {
		assertFails("failover.brokers=amqp://a;amqp://b", "failover.brokers[1].password=secret");
		assertThat(output).contains("'failover.brokers' cannot be used")
			.contains("its key '[1].password' is set, too")
			.doesNotContain("secret");
	}

	@ParameterizedTest
	@ValueSource(strings = { "usrname", "passwrd", "ssl.bundle.name", "virtual-host-name" })
	void unknownKeyOfABrokerIsRejected(String key, CapturedOutput output) {
		assertFails("failover.brokers[0].uri=amqp://a", "failover.brokers[1].uri=amqp://b",
				"failover.brokers[1]." + key + "=secret");
		assertThat(output).contains("Property 'failover.brokers[1].%s' cannot be used".formatted(key))
			.contains("a broker has no key '%s'".formatted(key))
			.contains("[uri, name, username, password, virtual-host, ssl-bundle, priority, weight, management-uri]")
			.doesNotContain("secret");
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '"',
			textBlock = """
					spring.rabbitmq.ssl.trust-store=file:/nowhere.jks | 'spring.rabbitmq.ssl'        | {trust-store=file:/nowhere.jks}
					spring.rabbitmq.ssl.key-store=file:/nowhere.p12   | 'spring.rabbitmq.ssl'        | {key-store=file:/nowhere.p12}
					spring.rabbitmq.ssl.bundle=there                  | 'spring.rabbitmq.ssl.bundle' | there
					failover.brokers[0].ssl-bundle=there              | 'spring.ssl.bundle'          | there
					""")
	void storeThatCannotBeLoadedIsToldOf(String argument, String property, String value, CapturedOutput output) {
		assertFails("failover.brokers[0].uri=amqps://user:secret@a", argument,
				"spring.rabbitmq.ssl.trust-store-password=secret",
				"spring.ssl.bundle.jks.there.truststore.location=file:/nowhere.jks",
				"spring.ssl.bundle.jks.there.truststore.password=secret");
		assertThat(output).contains("Property " + property + " cannot be used")
			.contains("Value: \"" + value + "\"")
			.contains("/nowhere")
			.contains("Check locations, types and passwords")
			.doesNotContain("secret");
	}

	@ParameterizedTest
	@ValueSource(strings = { "failover.brokers.uri", "failover.brokers.north.uri", "failover.brokers.north" })
	void brokersThatAreNoListAreRejected(String property, CapturedOutput output) {
		assertFails(property + "=amqp://user:secret@a");
		assertThat(output).contains("'failover.brokers' cannot be used")
			.contains("its key '%s' is set, but it is no list"
				.formatted(property.substring("failover.brokers.".length())))
			.doesNotContain("secret");
	}

	@Test
	void brokersThatMustAnswerAreListedWithTheirFailures(CapturedOutput output) {
		assertFails("failover.brokers=amqp://user:secret@127.0.0.1:1;amqp://user:secret@127.0.0.1:2",
				"failover.startup=one");
		assertThat(output).contains("These brokers could not be connected to while the application started")
			.contains("- 127.0.0.1:1 (amqp://127.0.0.1:1): UNREACHABLE: ConnectException: ")
			.contains("- 127.0.0.1:2 (amqp://127.0.0.1:2): UNREACHABLE: ConnectException: ")
			.contains("Check that the brokers run")
			.contains("failover.startup=lazy")
			.doesNotContain("secret");
	}

	@Test
	void severalConnectionDetailsAreTheBrokers() {
		try (ConfigurableApplicationContext context = application(TwoConnectionDetails.class).run()) {
			Brokers brokers = context.getBean(Brokers.class);
			assertThat(brokers.getAll()).extracting(Broker::uri)
				.containsExactly("amqp://south:5672/second", "amqp://north:5672");
			assertThat(brokers.getAll()).extracting((broker) -> brokers.getCredentials(broker).username())
				.containsExactly("app", "guest");
			FailoverConnectionDetails details = context.getBean(FailoverConnectionDetails.class);
			assertThat(brokers.getAll()).allMatch(details::hasOwnCredentials);
		}
	}

	@Test
	void listOfBrokersComesBeforeSeveralConnectionDetailsAndSaysSo(CapturedOutput output) {
		try (ConfigurableApplicationContext context = application(TwoConnectionDetails.class)
			.run("--failover.brokers=amqp://a;amqp://b")) {
			assertThat(context.getBean(Brokers.class).getAll()).extracting(Broker::name)
				.containsExactly("a:5672", "b:5672");
			assertThat(output).containsOnlyOnce(
					"the addresses of the connection details [north, south] are ignored, because failover.brokers is set");
		}
	}

	@Test
	void primaryConnectionDetailsAloneAreTheBrokersAsInSpringBoot() {
		SpringApplication application = application(TwoConnectionDetails.class, PrimaryConnectionDetails.class);
		try (ConfigurableApplicationContext context = application.run()) {
			assertThat(context.getBean(Brokers.class).getAll()).extracting(Broker::name).containsExactly("main:5672");
		}
	}

	@Test
	void severalConnectionDetailsWithAPrimaryOneAreFineWithBrokers() {
		SpringApplication application = application(TwoConnectionDetails.class, PrimaryConnectionDetails.class);
		try (ConfigurableApplicationContext context = application.run("--failover.brokers=amqp://a;amqp://b")) {
			assertThat(context.getBean(Brokers.class).getAll()).extracting(Broker::name)
				.containsExactly("a:5672", "b:5672");
		}
	}

	private static void assertFails(String... arguments) {
		assertFails(Application.class, arguments);
	}

	private static void assertFails(Class<?> type, String... arguments) {
		SpringApplication application = application(type);
		assertThatException().isThrownBy(
				() -> application.run(Stream.of(arguments).map((argument) -> "--" + argument).toArray(String[]::new)));
	}

	private static SpringApplication application(Class<?>... types) {
		SpringApplication application = new SpringApplication(types);
		application.setWebApplicationType(WebApplicationType.NONE);
		application.setRegisterShutdownHook(false);
		return application;
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class TwoConnectionDetails {

		@Bean
		RabbitConnectionDetails north() {
			return () -> List.of(new Address("north", 5672));
		}

		@Bean
		@Order(1)
		RabbitConnectionDetails south() {
			return new RabbitConnectionDetails() {

				@Override
				public List<Address> getAddresses() {
					return List.of(new Address("south", 5672));
				}

				@Override
				public String getUsername() {
					return "app";
				}

				@Override
				public String getVirtualHost() {
					return "second";
				}

			};
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class PrimaryConnectionDetails {

		@Bean
		@Primary
		RabbitConnectionDetails main() {
			return () -> List.of(new Address("main", 5672));
		}

	}

}
