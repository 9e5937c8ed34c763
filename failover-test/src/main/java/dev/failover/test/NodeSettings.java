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

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;

/**
 * What a node is to be like.
 *
 * @param version the beginning of RabbitMQ's version, if the test chose it
 * @param name the node's name, if the test chose it
 * @param users the users, at least one
 * @param virtualHosts the virtual hosts, at least one
 * @param tlsHost the host name in the certificate of the TLS listener, if there is one
 * @param management whether there is a management listener
 * @param configuration further lines of configuration
 * @param startTimeout how long a start may take
 */
record NodeSettings(@Nullable String version, @Nullable String name, List<BrokerUser> users, List<String> virtualHosts,
		@Nullable String tlsHost, boolean management, List<String> configuration, Duration startTimeout) {

	/**
	 * How much free disk space a node needs without an alarm.
	 */
	static final String FREE_DISK = "1MB";

	private static final String EVERYTHING = ".*";

	NodeSettings {
		users = List.copyOf(users);
		virtualHosts = List.copyOf(virtualHosts);
		configuration = List.copyOf(configuration);
	}

	/**
	 * Return users, virtual hosts and permissions in the form that RabbitMQ imports.
	 */
	Map<String, Object> definitions() {
		Map<String, Object> definitions = new LinkedHashMap<>();
		definitions.put("users",
				this.users.stream()
					.map((user) -> Map.of("name", user.name(), "password", user.password(), "tags", "administrator"))
					.toList());
		definitions.put("vhosts", this.virtualHosts.stream().map((name) -> Map.of("name", name)).toList());
		List<Map<String, String>> permissions = new ArrayList<>();
		for (BrokerUser user : this.users) {
			this.virtualHosts.stream()
				.filter(user::mayUse)
				.forEach((virtualHost) -> permissions.add(Map.of("user", user.name(), "vhost", virtualHost, "configure",
						EVERYTHING, "write", EVERYTHING, "read", EVERYTHING)));
		}
		definitions.put("permissions", permissions);
		return definitions;
	}

	List<String> lines(int port, int tlsPort, @Nullable TlsFiles tlsFiles, int managementPort) {
		String host = PortReservation.loopback().getHostAddress();
		List<String> lines = new ArrayList<>();
		lines.add("listeners.tcp.1 = %s:%d".formatted(host, port));
		lines.add("loopback_users = none");
		lines.add("disk_free_limit.absolute = " + FREE_DISK);
		lines.add("vm_memory_high_watermark.absolute = 1GB");
		lines.add("log.file = rabbit.log");
		lines.add("log.file.level = info");
		if (tlsFiles != null) {
			lines.add("listeners.ssl.1 = %s:%d".formatted(host, tlsPort));
			lines.add("ssl_options.cacertfile = " + tlsFiles.caCertificate());
			lines.add("ssl_options.certfile = " + tlsFiles.certificate());
			lines.add("ssl_options.keyfile = " + tlsFiles.privateKey());
			lines.add("ssl_options.verify = verify_peer");
			lines.add("ssl_options.fail_if_no_peer_cert = false");
		}
		if (this.management) {
			String listener = (tlsFiles != null) ? "management.ssl." : "management.tcp.";
			lines.add(listener + "ip = " + host);
			lines.add(listener + "port = " + managementPort);
			if (tlsFiles != null) {
				lines.add(listener + "cacertfile = " + tlsFiles.caCertificate());
				lines.add(listener + "certfile = " + tlsFiles.certificate());
				lines.add(listener + "keyfile = " + tlsFiles.privateKey());
			}
		}
		lines.addAll(this.configuration);
		return lines;
	}

}
