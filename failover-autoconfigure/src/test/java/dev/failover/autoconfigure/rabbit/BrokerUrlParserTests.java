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

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import dev.failover.autoconfigure.InvalidFailoverPropertyException;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

/**
 * Tests for {@link BrokerUrlParser} and {@link BrokerUrlMask}.
 */
class BrokerUrlParserTests {

	private static final String PROPERTY = "failover.brokers[1]";

	@ParameterizedTest
	@CsvSource(nullValues = "-", quoteCharacter = '"', delimiter = '|', textBlock = """
			amqp:// | false | - | - | localhost | 5672 | -
			amqps:// | true | - | - | localhost | 5671 | -
			AMQP://host | false | - | - | host | 5672 | -
			amqp://host/ | false | - | - | host | 5672 | -
			amqp://host/%2F | false | - | - | host | 5672 | /
			amqp://host/%2f | false | - | - | host | 5672 | /
			amqp://host/orders | false | - | - | host | 5672 | orders
			amqp://host/%2Forders | false | - | - | host | 5672 | /orders
			amqp://host:1 | false | - | - | host | 1 | -
			amqps://host:65535/v | true | - | - | host | 65535 | v
			amqp://user@host | false | user | - | host | 5672 | -
			amqp://user:secret@host | false | user | secret | host | 5672 | -
			amqp://user:secret@ | false | user | secret | localhost | 5672 | -
			amqp://user:secret@:15/v | false | user | secret | localhost | 15 | v
			amqp:///v | false | - | - | localhost | 5672 | v
			amqp://us%3Aer:s%40%2Fcret@host | false | us:er | s@/cret | host | 5672 | -
			amqp://user:a:b@host | false | user | a:b | host | 5672 | -
			amqp://user:a+b;c=d&e,f$g!*'()@host | false | user | a+b;c=d&e,f$g!*'() | host | 5672 | -
			amqp://user:12,34@host | false | user | 12,34 | host | 5672 | -
			amqp://host/a,b | false | - | - | host | 5672 | a,b
			amqp://user:p%C3%A4ss@host | false | user | päss | host | 5672 | -
			amqp://user:päss@host | false | user | päss | host | 5672 | -
			amqp://user:100%25@host | false | user | 100% | host | 5672 | -
			amqp://ho%73t | false | - | - | host | 5672 | -
			amqp://rabbit_1.example-site.com | false | - | - | rabbit_1.example-site.com | 5672 | -
			amqp://10.0.0.1:5 | false | - | - | 10.0.0.1 | 5 | -
			amqp://[::1] | false | - | - | ::1 | 5672 | -
			amqps://u:p@[fe80::1%25eth0]:7/v | true | u | p | fe80::1%eth0 | 7 | v
			""")
	@DisplayName("Behaviour 2: missing parts of a URL have defaults, and every part is percent-decoded")
	void partsAreDecodedAndMissingOnesHaveDefaults(String url, boolean tls, String username, String password,
			String host, int port, String virtualHost) {
		assertThat(BrokerUrlParser.parse(PROPERTY, url))
			.isEqualTo(new BrokerUrl(tls, username, password, host, port, virtualHost));
	}

	@ParameterizedTest
	@CsvSource(quoteCharacter = '"', delimiter = '|', textBlock = """
			""                                 | it is empty                          | remove the entry
			host                               | it has no scheme                     | amqp://
			user:secret@host                   | it has no scheme                     | amqp://
			user:secret                        | it has no scheme                     | amqp://
			amqp:host                          | it has no scheme                     | amqp://
			://host                            | it has no scheme                     | amqp://
			http://user:secret@host            | its scheme is neither amqp nor amqps | amqps://
			amqp://user:sec ret@host           | contains a space                     | %20
			amqp://user:sec\\ret@host          | another character that is not allowed | percent-encode
			amqp://user:s@cret@host            | an '@' that does not end             | '@' is %40
			amqp://user:secret/x@host          | an '@' that does not end             | '/' is %2F
			amqp://user:secret?x@host          | an '@' that does not end             | '?' is %3F
			amqp://user:secret#x@host          | an '@' that does not end             | '#' is %23
			amqp://host/v#secret               | contains a '#'                       | %23
			amqp://user:secret                 | its port is not a number             | user:password@host
			amqp://user:secret/x               | its port is not a number             | %2F
			amqp://host:0                      | its port is out of range             | from 1 to 65535
			amqp://host:65536                  | its port is out of range             | from 1 to 65535
			amqp://host:123456789012           | its port is out of range             | from 1 to 65535
			amqp://host:-1                     | its port is not a number             | host:port
			amqp://host:                       | its port is not a number             | host:port
			amqp://a,b                         | several URLs, or a comma             | with ';'
			amqp://a:1,b:1/v                   | several URLs, or a comma             | with ';'
			amqp://a,amqp://b                  | several URLs, or a comma             | with ';'
			amqp://a, amqps://b                | several URLs, or a comma             | with ';'
			amqp://a/v,amqp://b/v              | several URLs, or a comma             | with ';'
			amqp://u:secret@a,amqp://u:secret@b | several URLs, or a comma            | with ';'
			amqp://u:secret@a:1,u:secret@b:1   | several URLs, or a comma             | with ';'
			amqp://[::1],amqp://[::2]          | several URLs, or a comma             | with ';'
			amqp://a;amqp://b                  | several URLs, or a comma             | an entry of a list
			amqp://ho$t                        | its host is not a valid host name    | letters
			amqp://::1                         | several colons                       | [::1]
			amqp://[::1                        | several colons                       | [::1]
			amqp://[host]                      | is not an IPv6 address               | [::1]
			amqp://[::1]x                      | is not an IPv6 address               | [::1]
			amqp://user:secret%zz@host         | a '%' that is not followed           | %25
			amqp://user:secret%4@host          | a '%' that is not followed           | %25
			amqp://user:secret%@host           | a '%' that is not followed           | %25
			amqp://user:secret%C3@host         | a '%' that is not followed           | %25
			amqp://:secret@host                | its user is empty                    | leave it out
			amqp://user:@host                  | its password is empty                | leave it out
			amqp://host/a/b                    | its virtual host contains a '/'      | %2F
			amqp://host//                      | its virtual host contains a '/'      | %2F
			amqp://host/v?password=secret      | it has parameters                    | Remove them
			amqp://host?heartbeat=5            | it has parameters                    | Remove them
			""")
	void wrongUrlIsRejectedWithTheMendAndWithoutThePassword(String url, String reason, String action) {
		InvalidFailoverPropertyException failure = catchThrowableOfType(InvalidFailoverPropertyException.class,
				() -> BrokerUrlParser.parse(PROPERTY, url));
		assertThat(failure.getProperty()).isEqualTo(PROPERTY);
		assertThat(failure.getReason()).contains(reason);
		assertThat(failure.getAction()).contains(action);
		assertThat(failure.getMessage() + failure.getAction() + failure.getValue()).doesNotContain("ret", "sec");
	}

	@Test
	void missingUrlIsRejected() {
		assertThatExceptionOfType(InvalidFailoverPropertyException.class)
			.isThrownBy(() -> BrokerUrlParser.parse(PROPERTY, null))
			.withMessageContaining("it is empty");
	}

	@ParameterizedTest
	@CsvSource(quoteCharacter = '"', delimiter = '|', textBlock = """
			amqp://host | amqp://host
			amqp://host:5672/v | amqp://host:5672/v
			amqp://[::1]:5672 | amqp://[::1]:5672
			amqp://u:secret@host/v | amqp://******@host/v
			amqp://u:secret@x@host/v | amqp://******@host/v
			amqp://u:secret/@x@host/v | amqp://******@host/v
			u:secret@host | ******@host
			u:se://cret@host | u:se://******@host
			u:secret | u:******
			amqp://u:secret | amqp://u:******
			amqp://host?a=secret&b=x | amqp://host?******
			""")
	@DisplayName("Behaviour 5: no password in what is printed of a URL")
	void masksWhateverMayBeAPassword(String url, String masked) {
		assertThat(BrokerUrlMask.mask(url)).isEqualTo(masked);
	}

	@ParameterizedTest
	@ValueSource(strings = { "amqp://user:secret@host", "amqps://secret@host/v" })
	void parsedUrlDoesNotPrintItsUser(String url) {
		assertThat(BrokerUrlParser.parse(PROPERTY, url).toString()).doesNotContain("secret");
	}

}
