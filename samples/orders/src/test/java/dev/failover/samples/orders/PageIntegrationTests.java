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

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.ContextConfiguration;

import dev.failover.test.EmbeddedBroker;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The page in a real browser, while embedded brokers are broken.
 */
@SpringBootTest(webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
@ContextConfiguration(initializers = LocalBrokersInitializer.class)
class PageIntegrationTests {

	private static final List<String> BUTTONS = List.of("Kill", "Restart", "Cut", "Activate", "Disable");

	private static final String LUMINANCE = """
			(color) => color.match(/[\\d.]+/g).slice(0, 3).map((part) => part / 255)
				.map((part) => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
				.reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0)""";

	private static final String LOW_CONTRAST = """
			(() => {
				const luminance = %s;
				const background = (element) => {
					const color = getComputedStyle(element).backgroundColor;
					return color === "rgba(0, 0, 0, 0)" ? background(element.parentElement) : color;
				};
				const contrast = (element) => {
					const both = [getComputedStyle(element).color, background(element)].map(luminance);
					return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
				};
				return [...document.querySelectorAll("h1, h2, h3, p, button, dt, dd, li, time, span, th")]
					.filter((element) => contrast(element) < 4.5)
					.map((element) => element.outerHTML + contrast(element));
			})()""";

	private static Chromium browser;

	private final String url;

	private final LocalBrokers brokers;

	private Page page;

	PageIntegrationTests(@Autowired @LocalServerPort int port, @Autowired LocalBrokers brokers) {
		this.brokers = brokers;
		this.url = "http://localhost:%d/".formatted(port);
	}

	@BeforeAll
	static void start() throws IOException {
		browser = Chromium.start();
	}

	@AfterAll
	static void end() throws IOException {
		if (browser != null) {
			browser.close();
		}
	}

	@AfterEach
	void close() throws IOException {
		Files.write(Path.of("target", "page.png"), this.page.screenshot());
		try {
			assertThat(this.page.errors()).isEmpty();
			assertThat(this.page.requests()).hasSizeGreaterThan(3)
				.allSatisfy((request) -> assertThat(request.toString()).startsWith(this.url));
		}
		finally {
			this.page.close();
			this.brokers.all()
				.stream()
				.filter((broker) -> !broker.faults().isEmpty())
				.forEach((broker) -> broker.perform(BrokerAction.RESTART));
		}
	}

	@Test
	void goesOnWhenTheActiveBrokerIsKilled() {
		open(1100, 1400);
		String active = active();
		String other = other(active);
		int before = seconds();
		this.page.click("Kill " + active);
		await().until(() -> active().equals(other));
		await().untilAsserted(
				() -> assertThat(this.page.texts("#chart .mark.FAULT > text")).containsExactly("kill " + active));
		await().untilAsserted(
				() -> assertThat(this.page.texts("#chart .mark.SWITCH > text")).containsExactly("switch to " + other));
		await().untilAsserted(
				() -> assertThat(this.page.texts("#outages td").subList(1, 3)).containsExactly(active, other));
		assertThat(state(active)).startsWith("DOWN");
		assertThat(this.page.texts("#log .SWITCH")).singleElement()
			.asString()
			.contains("Switched from %s to %s: ".formatted(active, other));
		List<Integer> missing = new ArrayList<>();
		await().until(() -> missing.add(count("missing")) && seconds() > before + 8);
		assertThat(this.page.strings("samples.slice(-8).map((sample) => String(sample.confirmed))"))
			.doesNotContain("0");
		int waiting = ((EmbeddedBroker) this.brokers.get(active).orElseThrow().broker())
			.messageCount(OrdersApplication.QUEUE);
		assertThat(missing).allSatisfy((orders) -> assertThat(orders).isLessThanOrEqualTo(waiting));
		assertThat(count("errors")).isZero();
		this.page.click("Restart " + active);
		await().until(() -> state(active).equals("UP"));
		await().until(() -> count("missing") == 0);
		this.page.click("Activate " + active);
		await().until(() -> active().equals(active));
		await().untilAsserted(
				() -> assertThat(this.page.texts("#chart .mark.MOVE > text")).containsExactly("move to " + active));
		assertThat(this.page.texts("#chart .mark.FAULT")).hasSize(1);
		assertThat(this.page.texts("#chart .mark.SWITCH")).hasSize(1);
	}

	@Test
	void isOperatedByKeyboard() {
		open(1100, 1400);
		String other = other(active());
		assertThat(tab()).containsExactlyElementsOf(
				Stream
					.concat(Stream.of("north", "south")
						.flatMap((broker) -> BUTTONS.stream().map((button) -> button + " " + broker)),
							Stream.of("Place one order", "Outages", "Events"))
					.toList());
		tabTo("Cut " + other);
		this.page.press("Enter");
		await().until(() -> focused().equals("Mend " + other));
		await().until(() -> message().equals("Cut %s: done.".formatted(other)));
		this.page.press(" ");
		await().until(() -> focused().equals("Cut " + other));
		await().until(() -> state(other).startsWith("UP"));
		tabTo("Activate " + active());
		this.page.press("Enter");
		await().until(() -> message().equals("Activate %s: not possible now.".formatted(active())));
		tabTo("Place one order");
		this.page.press("Enter");
		await().until(() -> message().matches("Order .* is confirmed\\."));
		assertThat(this.page.strings("""
				[document.getElementById("message"), document.getElementById("log")].map((region) =>
					`${region.getAttribute("role")} ${region.getAttribute("aria-live")}`)"""))
			.containsExactly("status null", "log polite");
	}

	@ParameterizedTest
	@ValueSource(strings = { "light", "dark" })
	void isReadableOnAPhone(String scheme) {
		open(360, 740);
		this.page.prefer(scheme);
		assertThat(this.page.evaluate("document.documentElement.scrollWidth").asInt()).isLessThanOrEqualTo(360);
		assertThat(this.page.strings(
				"""
						[...document.querySelectorAll("main *")]
							.filter((element) => !element.closest("#chart, .scroll, .key"))
							.filter((element) => element.getBoundingClientRect().right > 360).map((element) => element.outerHTML)"""))
			.isEmpty();
		assertThat(this.page.strings(
				"""
						[...document.querySelectorAll("button")].map((button) => button.getBoundingClientRect())
							.filter((box) => box.height < 44 || box.width < 44).map((box) => `${box.width} x ${box.height}`)"""))
			.isEmpty();
		this.page.click("Activate " + active());
		await().until(() -> message().endsWith("not possible now."));
		assertThat(this.page.strings("""
				[document.getElementById("message")].map((message) => message.getBoundingClientRect())
					.filter((box) => box.top < 0 || box.bottom > 740).map((box) => `${box.top} to ${box.bottom}`)"""))
			.isEmpty();
		assertThat(this.page
			.evaluate("luminance(getComputedStyle(document.body).backgroundColor) > 0.5".replace("luminance",
					"(" + LUMINANCE + ")"))
			.asBoolean()).isEqualTo(scheme.equals("light"));
		assertThat(this.page.strings(LOW_CONTRAST.formatted(LUMINANCE))).isEmpty();
	}

	private void open(int width, int height) {
		this.page = new Page(browser, this.url, width, height);
		await().until(() -> this.page.texts("article .state").size() == 2);
		await().until(() -> !active().isEmpty() && state(other(active())).equals("UP"));
		await().until(() -> Double.parseDouble(this.page.texts("#rate-fulfilled").get(0)) > 1);
	}

	private List<String> tab() {
		List<String> labels = new ArrayList<>();
		for (int i = 0; i < 13; i++) {
			this.page.press("Tab");
			labels.add(focused());
			assertThat(this.page.evaluate("getComputedStyle(document.activeElement).outlineStyle").asString())
				.as(focused())
				.isEqualTo("solid");
		}
		return labels;
	}

	private void tabTo(String label) {
		for (int i = 0; i < 30 && !focused().equals(label); i++) {
			this.page.press("Tab");
		}
		assertThat(focused()).isEqualTo(label);
	}

	private String focused() {
		return this.page.evaluate("""
				((element) => element.getAttribute("aria-label")
					|| document.getElementById(element.getAttribute("aria-labelledby"))?.textContent
					|| element.textContent)(document.activeElement)""").asString();
	}

	private String message() {
		return this.page.texts("#message").get(0);
	}

	private String active() {
		List<String> active = this.page.texts("article.active h3");
		return active.isEmpty() ? "" : active.get(0);
	}

	private static String other(String broker) {
		return broker.equals("north") ? "south" : "north";
	}

	private String state(String broker) {
		return this.page.texts("article[data-name='%s'] .state".formatted(broker)).get(0);
	}

	private int count(String name) {
		return Integer.parseInt(this.page.texts("#count-" + name).get(0));
	}

	/**
	 * How many seconds the chart shows.
	 */
	private int seconds() {
		return this.page
			.evaluate("document.querySelector(\"#chart .confirmed\").getAttribute(\"points\").split(\" \").length")
			.asInt();
	}

	private static ConditionFactory await() {
		return Awaitility.await().atMost(Duration.ofSeconds(30));
	}

}
