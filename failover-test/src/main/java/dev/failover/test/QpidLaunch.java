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

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.apache.qpid.server.SystemLauncher;
import org.apache.qpid.server.SystemLauncherListener;
import org.apache.qpid.server.logging.NullMessageLogger;
import org.apache.qpid.server.model.Broker;
import org.apache.qpid.server.model.BrokerImpl;
import org.apache.qpid.server.model.SystemConfig;
import org.jspecify.annotations.Nullable;

/**
 * The start of a Qpid Broker-J with everything in memory and no port.
 */
final class QpidLaunch {

	static final String AUTHENTICATION = "users";

	private static final String DEFAULT_NODE = "default";

	private final SystemLauncher launcher;

	private @Nullable SystemConfig<?> systemConfig;

	private @Nullable RuntimeException failure;

	QpidLaunch(String name, List<BrokerUser> users, List<String> virtualHosts) {
		QpidLogging.silence();
		this.launcher = new SystemLauncher(new Listener());
		try {
			Path config = Files.createTempFile("failover-embedded", ".json");
			Path properties = Files.createTempFile("failover-embedded", ".properties");
			try {
				Files.writeString(config, Json.write(config(name, users, virtualHosts)));
				this.launcher.startup(attributes(config, properties));
			}
			finally {
				Files.delete(config);
				Files.delete(properties);
			}
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		catch (Exception ex) {
			throw new IllegalStateException("Embedded broker '%s' did not start".formatted(name), ex);
		}
		if (this.failure != null) {
			throw new IllegalStateException("Embedded broker '%s' did not start".formatted(name), this.failure);
		}
		removeShutdownHook(broker());
	}

	/**
	 * The broker ends with its owner. It must not end before, while an application that
	 * is shut down still handles what it has received.
	 */
	private static void removeShutdownHook(Broker<?> broker) {
		try {
			Field field = BrokerImpl.class.getDeclaredField("_shutdownHook");
			field.setAccessible(true);
			Runtime.getRuntime().removeShutdownHook((Thread) field.get(broker));
		}
		catch (ReflectiveOperationException ex) {
			throw new IllegalStateException("Unknown version of Qpid Broker-J", ex);
		}
	}

	SystemLauncher launcher() {
		return this.launcher;
	}

	Broker<?> broker() {
		if (this.systemConfig == null) {
			throw new IllegalStateException("No broker was started");
		}
		return (Broker<?>) this.systemConfig.getContainer();
	}

	static String nodeName(String virtualHost) {
		return "/".equals(virtualHost) ? DEFAULT_NODE : virtualHost;
	}

	private static Map<String, Object> attributes(Path config, Path properties) {
		return Map.of("type", "Memory", SystemConfig.INITIAL_CONFIGURATION_LOCATION, config.toUri().toString(),
				SystemConfig.INITIAL_SYSTEM_PROPERTIES_LOCATION, properties.toUri().toString(),
				SystemConfig.STARTUP_LOGGED_TO_SYSTEM_OUT, false);
	}

	private static Map<String, Object> config(String name, List<BrokerUser> users, List<String> virtualHosts) {
		Map<String, Object> config = new LinkedHashMap<>();
		config.put("name", name);
		config.put("modelVersion", "8.0");
		config.put("context", context());
		config.put("authenticationproviders", List.of(Map.of("name", AUTHENTICATION, "type", "Plain",
				"secureOnlyMechanisms", List.of(), "users", users.stream().map(QpidLaunch::user).toList())));
		config.put("virtualhostnodes", virtualHosts.stream().map(QpidLaunch::virtualHostNode).toList());
		return config;
	}

	/**
	 * As RabbitMQ does: return unroutable messages rather than close, and ignore unknown
	 * arguments. The rest keeps the number of threads small, and the shutdown short,
	 * which waits for the next look at the memory.
	 */
	private static Map<String, Object> context() {
		Map<String, Object> context = new LinkedHashMap<>();
		context.put("qpid.port.closeWhenNoRoute", "false");
		context.put("queue.behaviourOnUnknownDeclareArgument", "IGNORE");
		context.put("exchange.behaviourOnUnknownDeclareArgument", "IGNORE");
		context.put("virtualhost.connectionThreadPool.size", "8");
		context.put("virtualhost.connectionThreadPool.numberOfSelectors", "1");
		context.put("virtualhost.housekeepingThreadCount", "1");
		context.put("qpid.compact_memory_interval", "50");
		context.put("qpid.broker.defaultPreferenceStoreAttributes", "{\"type\": \"Noop\"}");
		return context;
	}

	private static Map<String, Object> user(BrokerUser user) {
		return Map.of("name", user.name(), "type", "managed", "password", user.password());
	}

	private static Map<String, Object> virtualHostNode(String virtualHost) {
		return Map.of("name", nodeName(virtualHost), "type", "Memory", "defaultVirtualHostNode",
				"/".equals(virtualHost), "virtualHostInitialConfiguration",
				Json.write(Map.of("name", nodeName(virtualHost), "type", "Memory")));
	}

	/**
	 * Silences the broker's operational log, and catches its start.
	 */
	private final class Listener extends SystemLauncherListener.DefaultSystemLauncherListener {

		@Override
		public void onContainerResolve(SystemConfig<?> systemConfig) {
			systemConfig.getEventLogger().setMessageLogger(new NullMessageLogger());
			QpidLaunch.this.systemConfig = systemConfig;
		}

		@Override
		public void errorOnStartup(RuntimeException ex) {
			QpidLaunch.this.failure = ex;
		}

	}

}
