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

import java.net.URI;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

import dev.failover.autoconfigure.BrokerProperties;
import dev.failover.autoconfigure.InvalidFailoverPropertyException;
import dev.failover.broker.Broker;
import dev.failover.broker.BrokerCredentials;
import dev.failover.detection.ManagementApi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

/**
 * Tests for {@link PropertiesFailoverConnectionDetails}.
 */
class PropertiesFailoverConnectionDetailsTests {

	private static final BrokerDefaults DEFAULTS = new BrokerDefaults(BrokerCredentials.of("app", "hidden"), "shop");

	@Test
	@DisplayName("Behaviour 2: missing parts of a URL are those of spring.rabbitmq where set")
	void missingPartsAreThoseOfSpringRabbitMq() {
		PropertiesFailoverConnectionDetails details = details("amqp://a", "amqps://user:pw@b/v");
		assertThat(details.getBrokers()).containsExactly(Broker.of("a:5672", "a", 5672).withVirtualHost("shop"),
				Broker.of("b:5671", "b", 5671).withVirtualHost("v").withTls(null));
		assertThat(details.getBrokers()).extracting(details::getCredentials)
			.containsExactly(BrokerCredentials.of("app", "hidden"), BrokerCredentials.of("user", "pw"));
	}

	@Test
	@DisplayName("Behaviour 3: nothing sticks from one broker to the next")
	void nothingSticksFromOneBrokerToTheNext() {
		PropertiesFailoverConnectionDetails details = details("amqps://user:pw@a:1234/v", "amqp://b");
		Broker second = details.getBrokers().get(1);
		assertThat(second).isEqualTo(Broker.of("b:5672", "b", 5672).withVirtualHost("shop"));
		assertThat(details.getCredentials(second)).isEqualTo(BrokerCredentials.of("app", "hidden"));
	}

	@Test
	@DisplayName("Behaviour 4: each broker has a user, a virtual host and an SSL bundle of its own")
	void keysOfAnObjectAreUsed() {
		BrokerProperties properties = BrokerProperties.of("amqps://a");
		properties.setName("main");
		properties.setUsername("u");
		properties.setPassword("p@:/");
		properties.setVirtualHost("v/w");
		properties.setSslBundle("tls");
		properties.setPriority(2);
		properties.setWeight(0);
		PropertiesFailoverConnectionDetails details = details(properties);
		Broker main = Broker.of("main", "a", 5671).withVirtualHost("v/w").withTls("tls").withWeight(2, 0);
		assertThat(details.getBrokers()).containsExactly(main);
		assertThat(details.getCredentials(main)).isEqualTo(BrokerCredentials.of("u", "p@:/"));
	}

	@Test
	void virtualHostIsPartOfTheNameWhereNeededToBeUnique() {
		assertThat(brokers("amqp://a/x", "amqp://a/y", "amqp://a/%2F", "amqp://b/x", "amqp://[::1]/x"))
			.extracting(Broker::name)
			.containsExactly("a:5672/x", "a:5672/y", "a:5672/", "b:5672", "[::1]:5672");
	}

	@Test
	void brokersWithUserOrPasswordHaveTheirOwnCredentials() {
		PropertiesFailoverConnectionDetails details = details(BrokerProperties.of("amqp://a"),
				BrokerProperties.of("amqp://u:p@b"), with("amqp://c", (properties) -> properties.setUsername("u")));
		assertThat(details.getBrokers()).extracting(details::hasOwnCredentials).containsExactly(false, true, true);
	}

	@Test
	void sameBrokerTwiceIsRejected() {
		InvalidFailoverPropertyException failure = failure(BrokerProperties.of("amqp://a/v"),
				BrokerProperties.of("amqp://b/v"), BrokerProperties.of("amqp://other:secret@A:5672/v"));
		assertThat(failure).hasMessage("Invalid value 'amqp://******@A:5672/v' of property 'failover.brokers[2]':"
				+ " it has the same host, port and virtual host as failover.brokers[0]");
	}

	@Test
	void sameNameTwiceIsRejected() {
		InvalidFailoverPropertyException failure = failure(BrokerProperties.of("amqp://a"),
				with("amqp://b", (properties) -> properties.setName("a:5672")));
		assertThat(failure.getProperty()).isEqualTo("failover.brokers[1]");
		assertThat(failure.getReason()).isEqualTo("it has the same name as failover.brokers[0]: 'a:5672'");
	}

	@Test
	void partsThatAreGivenTwiceAreRejected() {
		assertThat(failure(with("amqp://u:secret@a", (properties) -> properties.setPassword("secret"))))
			.hasMessageContaining("it has the password twice, in the URL and as 'password'")
			.hasMessageNotContaining("secret");
		assertThat(failure(with("amqp://u@a", (properties) -> properties.setUsername("u"))))
			.hasMessageContaining("it has the username twice");
		assertThat(failure(with("amqp://a/v", (properties) -> properties.setVirtualHost("v"))))
			.hasMessageContaining("it has the virtual-host twice");
	}

	@Test
	void emptyUserOrPasswordIsRejected() {
		assertThat(failure(with("amqp://a", (properties) -> properties.setUsername(""))))
			.hasMessage("Invalid value '' of property 'failover.brokers[0].username': it is empty");
		assertThat(failure(with("amqp://u@a", (properties) -> properties.setPassword(""))))
			.hasMessage("Invalid value '' of property 'failover.brokers[0].password': it is empty");
	}

	@Test
	void emptyVirtualHostIsTheDefault() {
		assertThat(details(with("amqp://a", (properties) -> properties.setVirtualHost(""))).getBrokers())
			.extracting(Broker::virtualHost)
			.containsExactly("shop");
	}

	@Test
	void negativeWeightIsRejected() {
		InvalidFailoverPropertyException failure = failure(with("amqp://a", (properties) -> properties.setWeight(-1)));
		assertThat(failure.getProperty()).isEqualTo("failover.brokers[0].weight");
		assertThat(failure.getValue()).isEqualTo("-1");
	}

	@Test
	void unknownSslBundleIsRejected() {
		InvalidFailoverPropertyException failure = failure(
				with("amqps://a", (properties) -> properties.setSslBundle("tsl")));
		assertThat(failure.getProperty()).isEqualTo("failover.brokers[0].ssl-bundle");
		assertThat(failure.getReason()).isEqualTo("there is no SSL bundle of that name, only [tls]");
	}

	@Test
	void sslBundleWithoutTlsIsRejected() {
		InvalidFailoverPropertyException failure = failure(
				with("amqp://u:secret@a", (properties) -> properties.setSslBundle("tls")));
		assertThat(failure.getAction()).contains("Begin the URL with amqps://");
		assertThat(failure).hasMessageNotContaining("secret");
	}

	@Test
	void managementHasItsOwnUserOrThatOfTheBroker() {
		assertThat(management("amqp://u:pw@a", "http://a:15672/"))
			.isEqualTo(new ManagementApi(URI.create("http://a:15672"), BrokerCredentials.of("u", "pw")));
		assertThat(management("amqp://a", "HTTPS://watch:p%40ss@[::1]/rabbit/api/"))
			.isEqualTo(new ManagementApi(URI.create("https://[::1]/rabbit"), BrokerCredentials.of("watch", "p@ss")));
		PropertiesFailoverConnectionDetails details = details("amqp://a");
		assertThat(details.getManagement(details.getBrokers().get(0))).isNull();
	}

	@Test
	void managementThatCannotBeIsRejectedWithoutItsPassword() {
		for (String uri : List.of("", "a:15672", "ftp://watch:s3cret@a", "http://watch:s3 cret@a", "http://:s3cret@a",
				"http://s3cret@a", "http://watch:s3/cret@a", "http://watch:s3cret@a?x=y", "http://watch:s3%zzcret@a",
				"http://watch:s3cret@", "http://watch:%ff@a")) {
			InvalidFailoverPropertyException failure = failure(
					with("amqp://a", (properties) -> properties.setManagementUri(uri)));
			assertThat(failure).as(uri).isNotNull();
			assertThat(failure.getProperty()).isEqualTo("failover.brokers[0].management-uri");
			assertThat(failure.getAction()).isNotEmpty();
			assertThat(failure).hasNoCause();
			assertThat(failure.getValue() + failure.getMessage() + failure.getAction()).doesNotContain("s3");
		}
	}

	private static ManagementApi management(String uri, String management) {
		PropertiesFailoverConnectionDetails details = details(
				with(uri, (properties) -> properties.setManagementUri(management)));
		return details.getManagement(details.getBrokers().get(0));
	}

	@Test
	void objectWithoutUrlIsRejected() {
		assertThat(failure(new BrokerProperties()).getReason()).isEqualTo("it is empty");
	}

	private static BrokerProperties with(String uri, Consumer<BrokerProperties> setting) {
		BrokerProperties properties = BrokerProperties.of(uri);
		setting.accept(properties);
		return properties;
	}

	private static List<Broker> brokers(String... urls) {
		return details(urls).getBrokers();
	}

	private static PropertiesFailoverConnectionDetails details(String... urls) {
		return details(Stream.of(urls).map(BrokerProperties::of).toArray(BrokerProperties[]::new));
	}

	private static PropertiesFailoverConnectionDetails details(BrokerProperties... properties) {
		return new PropertiesFailoverConnectionDetails(List.of(properties), DEFAULTS, List.of("tls"));
	}

	private static InvalidFailoverPropertyException failure(BrokerProperties... properties) {
		return catchThrowableOfType(InvalidFailoverPropertyException.class, () -> details(properties));
	}

}
