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

package dev.failover.detection;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import javax.net.ssl.SSLContext;

import org.jspecify.annotations.Nullable;
import org.springframework.scheduling.concurrent.CustomizableThreadFactory;
import org.springframework.util.Assert;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerCredentials;
import dev.failover.broker.BrokerHealth;

/**
 * Asks the HTTP API of RabbitMQ's management plugin whether a node can do more than to
 * answer: it has no alarm, is ready to serve clients, and more than half of the nodes of
 * its cluster run. A node without such a majority accepts connections, and passes
 * RabbitMQ's own health checks, but declares nothing.
 * <p>
 * Each check is three requests to the node. Applies to brokers with a known address of
 * that API.
 */
public final class ManagementHealthCheck implements BrokerHealthCheck, AutoCloseable {

	/**
	 * What asks all nodes waits for one that does not answer.
	 */
	private static final String ALARMS = "/api/health/checks/local-alarms";

	/**
	 * RabbitMQ 3 does not have it.
	 */
	private static final String READY = "/api/health/checks/ready-to-serve-clients";

	private static final String NODES = "/api/nodes?columns=running";

	private static final Pattern RUNNING = Pattern.compile("\"running\"\\s*:\\s*(true|false)");

	private static final Pattern REASON = Pattern.compile("\"reason\"\\s*:\\s*\"([^\"\\\\]{1,200})");

	private static final int OK = 200;

	private static final int UNAUTHORIZED = 401;

	private static final int NOT_FOUND = 404;

	private final Function<Broker, @Nullable ManagementApi> apis;

	private final Function<Broker, @Nullable SSLContext> sslContexts;

	private final Duration timeout;

	private final ExecutorService threads;

	/**
	 * By the names of the brokers. Before Java 21, a client has no end but that nobody
	 * refers to it.
	 */
	private final Map<String, HttpClient> clients = new ConcurrentHashMap<>();

	/**
	 * Create a check, which must be closed.
	 * @param apis tells where the API of each broker is, {@code null} for one that is not
	 * to be checked; asked each time
	 * @param sslContexts tells what to open connections to the API of a broker with, if
	 * that is one of HTTPS, {@code null} for the defaults of the platform; asked once for
	 * each broker
	 * @param timeout how long the answer to a request may take
	 */
	public ManagementHealthCheck(Function<Broker, @Nullable ManagementApi> apis,
			Function<Broker, @Nullable SSLContext> sslContexts, Duration timeout) {
		Assert.notNull(apis, "'apis' must not be null");
		Assert.notNull(sslContexts, "'sslContexts' must not be null");
		Assert.isTrue(timeout.toMillis() > 0,
				() -> "'timeout' must be at least 1 ms, not " + timeout.toMillis() + " ms");
		this.apis = apis;
		this.sslContexts = sslContexts;
		this.timeout = timeout;
		CustomizableThreadFactory threadFactory = new CustomizableThreadFactory("failover-management-");
		threadFactory.setDaemon(true);
		this.threads = Executors.newCachedThreadPool(threadFactory);
	}

	@Override
	public boolean appliesTo(Broker broker) {
		return this.apis.apply(broker) != null;
	}

	@Override
	public BrokerHealth check(Broker broker) throws InterruptedException {
		ManagementApi api = this.apis.apply(broker);
		if (api == null) {
			return BrokerHealth.healthy();
		}
		HttpClient client = this.clients.computeIfAbsent(broker.name(), (name) -> client(broker, api));
		try {
			for (String path : List.of(ALARMS, READY)) {
				HttpResponse<String> answer = get(client, api, path);
				if (answer.statusCode() != OK && !(path.equals(READY) && answer.statusCode() == NOT_FOUND)) {
					return refused(api, path, answer);
				}
			}
			HttpResponse<String> nodes = get(client, api, NODES);
			return (nodes.statusCode() == OK) ? judge(api, nodes.body()) : refused(api, NODES, nodes);
		}
		catch (IOException ex) {
			return unhealthy(api, "does not answer: " + ex);
		}
	}

	private HttpClient client(Broker broker, ManagementApi api) {
		HttpClient.Builder builder = HttpClient.newBuilder()
			.version(HttpClient.Version.HTTP_1_1)
			.connectTimeout(this.timeout)
			.executor(this.threads);
		SSLContext context = "https".equals(api.uri().getScheme()) ? this.sslContexts.apply(broker) : null;
		return (context != null) ? builder.sslContext(context).build() : builder.build();
	}

	private HttpResponse<String> get(HttpClient client, ManagementApi api, String path)
			throws IOException, InterruptedException {
		HttpRequest request = HttpRequest.newBuilder(URI.create(api.uri() + path))
			.timeout(this.timeout)
			.header("Authorization", basic(api.credentials()))
			.build();
		return client.send(request, HttpResponse.BodyHandlers.ofString());
	}

	private static String basic(BrokerCredentials credentials) {
		String login = credentials.username() + ":" + credentials.password();
		return "Basic " + Base64.getEncoder().encodeToString(login.getBytes(StandardCharsets.UTF_8));
	}

	private static BrokerHealth refused(ManagementApi api, String path, HttpResponse<String> answer) {
		Matcher matcher = REASON.matcher(answer.body());
		String reason = matcher.find() ? " (" + matcher.group(1) + ")" : "";
		if (answer.statusCode() == UNAUTHORIZED) {
			return unhealthy(api, "does not answer the user%s, who needs the tag 'monitoring'".formatted(reason));
		}
		return unhealthy(api, "answers %d%s to %s".formatted(answer.statusCode(), reason, path));
	}

	private static BrokerHealth judge(ManagementApi api, String nodes) {
		List<String> running = RUNNING.matcher(nodes).results().map((result) -> result.group(1)).toList();
		if (running.isEmpty()) {
			return unhealthy(api, "does not tell which nodes there are");
		}
		long count = running.stream().filter("true"::equals).count();
		return (2 * count > running.size()) ? BrokerHealth.healthy()
				: BrokerHealth
					.unhealthy("%d of the %d nodes of its cluster %s, and without a majority nothing can be declared"
						.formatted(count, running.size(), (count == 1) ? "runs" : "run"));
	}

	private static BrokerHealth unhealthy(ManagementApi api, String what) {
		return BrokerHealth.unhealthy("the management API at %s %s".formatted(api.uri(), what));
	}

	/**
	 * End the threads. Every further check fails.
	 */
	@Override
	public void close() {
		this.threads.shutdownNow();
		this.clients.clear();
	}

}
