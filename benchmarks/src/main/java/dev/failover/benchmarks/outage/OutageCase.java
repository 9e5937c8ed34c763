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

package dev.failover.benchmarks.outage;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

import dev.failover.benchmarks.outage.BrokerRoutes.Network;
import dev.failover.benchmarks.outage.BrokerRoutes.Route;
import dev.failover.benchmarks.outage.StreamScenario.Cost;
import dev.failover.benchmarks.outage.StreamScenario.Fault;

/**
 * The outages that are measured.
 */
enum OutageCase {

	KILL("Active broker killed", Network.DIRECT, (route) -> route.node().kill()),

	FREEZE("Active broker frozen (`SIGSTOP`)", Network.DIRECT, (route) -> route.node().freeze()),

	ALARM("Memory alarm on the active broker", Network.DIRECT, (route) -> route.node().raiseMemoryAlarm()),

	CUT("Network cut without a reset", Network.PROXY, (route) -> route.requiredProxy().blackHole()),

	CUT_TLS("Network cut without a reset, TLS", Network.TLS_PROXY, (route) -> route.requiredProxy().blackHole()),

	FROZEN_AT_START("First broker frozen before the start: first confirm later by", Network.DIRECT,
			new StartScenario()),

	ALL_DOWN("All brokers down for 8 s: from the first answer", Network.DIRECT,
			new StreamScenario(new AllDown(Duration.ofSeconds(8)), Cost.FROM_END)),

	KILL_DISTANT("Active broker killed, 20 ms round trip: from the kill", Network.DISTANT,
			new StreamScenario(Fault.of((route) -> route.node().kill()), Cost.FROM_FAULT));

	private final String title;

	private final Network network;

	private final Scenario scenario;

	OutageCase(String title, Network network, Consumer<Route> fault) {
		this(title, network, new StreamScenario(Fault.of(fault), Cost.GAP));
	}

	OutageCase(String title, Network network, Scenario scenario) {
		this.title = title;
		this.network = network;
		this.scenario = scenario;
	}

	static List<String> keys() {
		return Arrays.stream(values()).map(OutageCase::key).toList();
	}

	static OutageCase of(String key) {
		return Arrays.stream(values()).filter((value) -> value.key().equals(key)).findFirst().orElseThrow();
	}

	String key() {
		return name().toLowerCase(Locale.ROOT).replace('_', '-');
	}

	String title() {
		return this.title;
	}

	Network network() {
		return this.network;
	}

	Scenario scenario() {
		return this.scenario;
	}

}
