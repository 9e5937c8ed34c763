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

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A page in a {@link Chromium}, driven by the DevTools protocol as a user would: by mouse
 * and keyboard.
 */
final class Page implements AutoCloseable {

	private static final Duration TIMEOUT = Duration.ofSeconds(20);

	private static final JsonMapper JSON = JsonMapper.builder().build();

	private static final Map<String, Key> KEYS = Map.of("Tab", new Key(9, ""), "Enter", new Key(13, "\r"), " ",
			new Key(32, " "));

	private final AtomicInteger calls = new AtomicInteger();

	private final Map<Integer, CompletableFuture<JsonNode>> answers = new ConcurrentHashMap<>();

	private final List<JsonNode> events = new CopyOnWriteArrayList<>();

	private final WebSocket socket;

	private final String target;

	private String session = "";

	/**
	 * Open a page of this width and height.
	 */
	Page(Chromium browser, String url, int width, int height) {
		this.socket = HttpClient.newHttpClient()
			.newWebSocketBuilder()
			.connectTimeout(TIMEOUT)
			.buildAsync(browser.devTools(), new Answers())
			.orTimeout(TIMEOUT.toSeconds(), TimeUnit.SECONDS)
			.join();
		this.target = call("Target.createTarget", Map.of("url", "about:blank")).get("targetId").asString();
		this.session = call("Target.attachToTarget", Map.of("targetId", this.target, "flatten", true)).get("sessionId")
			.asString();
		for (String domain : List.of("Page", "Runtime", "Log", "Network")) {
			call(domain + ".enable", Map.of());
		}
		call("Emulation.setDeviceMetricsOverride",
				Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", width < 600));
		call("Page.navigate", Map.of("url", url));
	}

	private JsonNode call(String method, Map<String, ?> parameters) {
		int id = this.calls.incrementAndGet();
		CompletableFuture<JsonNode> answer = new CompletableFuture<>();
		this.answers.put(id, answer);
		Map<String, Object> message = new HashMap<>(Map.of("id", id, "method", method, "params", parameters));
		if (!this.session.isEmpty()) {
			message.put("sessionId", this.session);
		}
		this.socket.sendText(JSON.writeValueAsString(message), true);
		JsonNode answered = answer.orTimeout(TIMEOUT.toSeconds(), TimeUnit.SECONDS).join();
		assertThat(answered.has("error")).as(method + ": " + answered).isFalse();
		return answered.get("result");
	}

	/**
	 * Return what an expression of JavaScript is in the page.
	 */
	JsonNode evaluate(String expression) {
		JsonNode result = call("Runtime.evaluate", Map.of("expression", expression, "returnByValue", true));
		assertThat(result.has("exceptionDetails")).as(expression + ": " + result).isFalse();
		return result.get("result").path("value");
	}

	/**
	 * Return the texts of all elements that a selector of CSS finds.
	 */
	List<String> texts(String selector) {
		return strings(
				"[...document.querySelectorAll(%s)].map((found) => found.textContent)".formatted(quote(selector)));
	}

	/**
	 * Return the list of strings that an expression is.
	 */
	List<String> strings(String expression) {
		return evaluate(expression).valueStream().map(JsonNode::asString).toList();
	}

	private static String quote(String text) {
		return JSON.writeValueAsString(text);
	}

	/**
	 * Click the button of this label with the mouse.
	 */
	void click(String label) {
		JsonNode at = evaluate("""
				(() => {
					const button = document.querySelector(`button[aria-label="%s"]`);
					button.scrollIntoView({ block: "center" });
					const box = button.getBoundingClientRect();
					return [box.x + box.width / 2, box.y + box.height / 2];
				})()""".formatted(label));
		for (String type : List.of("mousePressed", "mouseReleased")) {
			call("Input.dispatchMouseEvent", Map.of("type", type, "x", at.get(0).asDouble(), "y", at.get(1).asDouble(),
					"button", "left", "clickCount", 1));
		}
	}

	/**
	 * Press a key: {@code Tab}, {@code Enter}, or a space.
	 */
	void press(String name) {
		Key key = KEYS.get(name);
		Map<String, Object> event = Map.of("key", name, "windowsVirtualKeyCode", key.code());
		Map<String, Object> down = new HashMap<>(event);
		down.put("type", key.text().isEmpty() ? "rawKeyDown" : "keyDown");
		down.put("text", key.text());
		call("Input.dispatchKeyEvent", down);
		Map<String, Object> up = new HashMap<>(event);
		up.put("type", "keyUp");
		call("Input.dispatchKeyEvent", up);
	}

	/**
	 * Have the user prefer {@code light} or {@code dark}.
	 */
	void prefer(String scheme) {
		call("Emulation.setEmulatedMedia",
				Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
	}

	/**
	 * Return the page as it looks now, as a PNG.
	 */
	byte[] screenshot() {
		return Base64.getDecoder()
			.decode(call("Page.captureScreenshot", Map.of("format", "png")).get("data").asString());
	}

	/**
	 * Return the addresses of all that the page has asked for.
	 */
	List<URI> requests() {
		return events("Network.requestWillBeSent").stream()
			.map((event) -> URI.create(event.at("/params/request/url").asString()))
			.toList();
	}

	/**
	 * Return the errors that the browser has written to its console.
	 */
	List<String> errors() {
		return this.events.stream()
			.filter((event) -> event.path("method").asString().equals("Runtime.exceptionThrown")
					|| event.at("/params/entry/level").asString("").equals("error"))
			.map(JsonNode::toString)
			.toList();
	}

	private List<JsonNode> events(String method) {
		return this.events.stream().filter((event) -> event.path("method").asString().equals(method)).toList();
	}

	@Override
	public void close() {
		this.session = "";
		call("Target.closeTarget", Map.of("targetId", this.target));
		this.socket.abort();
	}

	/**
	 * What a browser sends for a key.
	 */
	private record Key(int code, String text) {
	}

	/**
	 * What the browser sends: answers to calls, and events.
	 */
	private final class Answers implements WebSocket.Listener {

		private final StringBuilder message = new StringBuilder();

		@Override
		public @Nullable CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
			this.message.append(data);
			if (last) {
				JsonNode received = JSON.readTree(this.message.toString());
				this.message.setLength(0);
				if (received.has("id")) {
					Page.this.answers.remove(received.get("id").asInt()).complete(received);
				}
				else {
					Page.this.events.add(received);
				}
			}
			socket.request(1);
			return null;
		}

	}

}
