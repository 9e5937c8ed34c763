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

package dev.failover.benchmarks.application;

import java.net.URI;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.BiFunction;

/**
 * The applications that are compared.
 */
public enum PublisherKind {

	/**
	 * {@code convertAndSend} of the template that fails over.
	 */
	FAILOVER("Failover", FailoverPublisher::blocking),

	/**
	 * {@code convertAndSendAsync} of the template that fails over.
	 */
	FAILOVER_ASYNC("Failover, asynchronous", FailoverPublisher::asynchronous),

	/**
	 * Spring Boot alone.
	 */
	SPRING("Spring Boot alone", SpringPublisher::start);

	private final String title;

	private final BiFunction<List<URI>, String, Publisher> start;

	PublisherKind(String title, BiFunction<List<URI>, String, Publisher> start) {
		this.title = title;
		this.start = start;
	}

	/**
	 * Return the names by which kinds are selected.
	 * @return the keys
	 */
	public static List<String> keys() {
		return Arrays.stream(values()).map(PublisherKind::key).toList();
	}

	/**
	 * Return a kind.
	 * @param key its key
	 * @return the kind
	 */
	public static PublisherKind of(String key) {
		return Arrays.stream(values()).filter((kind) -> kind.key().equals(key)).findFirst().orElseThrow();
	}

	/**
	 * Return the name by which the kind is selected.
	 * @return the key
	 */
	public String key() {
		return name().toLowerCase(Locale.ROOT).replace('_', '-');
	}

	/**
	 * Return the name for people.
	 * @return the title
	 */
	public String title() {
		return this.title;
	}

	/**
	 * Start an application with the default settings.
	 * @param brokers the brokers in the order in which they are listed
	 * @param authorities the certificates to trust where a broker is connected to over
	 * TLS, PEM
	 * @return the application, which need not be connected yet
	 */
	public Publisher start(List<URI> brokers, String authorities) {
		return this.start.apply(brokers, authorities);
	}

}
