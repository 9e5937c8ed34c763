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

package dev.failover.samples.orders;

import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What a page is sent, and when that ends.
 */
class LiveStreamTests {

	@Test
	void disconnectsAPageThatIsTooFarBehind() {
		LiveStream stream = new LiveStream();
		for (int i = 0; i < 200; i++) {
			stream.accept(new Journal.Update("sample", i));
		}
		stream.run();
		assertThat(Thread.currentThread().isInterrupted()).isFalse();
	}

	@Test
	void tellsAllAndEndsWithTheShop() throws Exception {
		SpringApplication application = new SpringApplication(OrdersApplication.class);
		application.addInitializers(new LocalBrokersInitializer());
		ConfigurableApplicationContext shop = application.run("--server.port=0");
		AtomicReference<Duration> took = new AtomicReference<>();
		HttpResponse<InputStream> response;
		try {
			response = open(((WebServerApplicationContext) shop).getWebServer().getPort());
			BufferedReader reader = new BufferedReader(new InputStreamReader(response.body()));
			assertThat(events(reader, "sample")).startsWith("history").contains("state", "sample");
			shop.getBean(Shop.class).perform("north", BrokerAction.KILL);
			assertThat(events(reader, "outages")).contains("entry", "outages");
			shop.getBean(Shop.class).perform("north", BrokerAction.RESTART);
		}
		finally {
			long start = System.nanoTime();
			shop.close();
			took.set(Duration.ofNanos(System.nanoTime() - start));
		}
		assertThat(took.get()).isLessThan(Duration.ofSeconds(15));
		Awaitility.await().until(() -> threads().isEmpty());
	}

	private static HttpResponse<InputStream> open(int port) throws Exception {
		return HttpClient.newHttpClient()
			.send(HttpRequest.newBuilder(URI.create("http://localhost:%d/api/stream".formatted(port))).build(),
					HttpResponse.BodyHandlers.ofInputStream());
	}

	private static List<String> events(BufferedReader reader, String last) throws Exception {
		List<String> events = new ArrayList<>();
		while (!events.contains(last)) {
			String line = reader.readLine();
			assertThat(line).as("end of stream after " + events).isNotNull();
			if (line.startsWith("event:")) {
				events.add(line.substring("event:".length()));
			}
		}
		return events;
	}

	private static List<String> threads() {
		return Thread.getAllStackTraces()
			.keySet()
			.stream()
			.map(Thread::getName)
			.filter((name) -> name.startsWith("orders-page-"))
			.toList();
	}

}
