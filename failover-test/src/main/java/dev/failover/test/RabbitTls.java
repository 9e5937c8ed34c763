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

package dev.failover.test;

import java.net.URI;

/**
 * A broker's listener for AMQP over TLS.
 *
 * @param port the port, the same for the broker's life
 * @param uri the URI, user, password and virtual host included
 * @param files the certificates
 */
public record RabbitTls(int port, URI uri, TlsFiles files) {

	@Override
	public String toString() {
		return "TLS listener at port " + this.port;
	}

}
