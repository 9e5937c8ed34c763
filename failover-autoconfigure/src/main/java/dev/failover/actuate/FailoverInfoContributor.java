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

package dev.failover.actuate;

import java.util.LinkedHashMap;
import java.util.Map;

import org.springframework.boot.actuate.info.Info;
import org.springframework.boot.actuate.info.InfoContributor;
import org.springframework.util.Assert;

import dev.failover.broker.BrokerServer;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;

/**
 * {@link InfoContributor} that tells which broker is active, and of each one its state,
 * product and version. It tells what is known already, without secrets. A broker without
 * a name is called by its host and port.
 */
public final class FailoverInfoContributor implements InfoContributor {

	private final Brokers brokers;

	/**
	 * Create a contributor.
	 * @param brokers the brokers
	 */
	public FailoverInfoContributor(Brokers brokers) {
		Assert.notNull(brokers, "'brokers' must not be null");
		this.brokers = brokers;
	}

	@Override
	public void contribute(Info.Builder builder) {
		Map<String, Object> details = new LinkedHashMap<>();
		Map<String, Object> described = new LinkedHashMap<>();
		for (BrokerStatus status : this.brokers.getStatuses()) {
			if (status.active()) {
				details.put("active", status.broker().name());
			}
			described.put(status.broker().name(), describe(status));
		}
		details.put("held", this.brokers.isHeld());
		details.put("brokers", described);
		builder.withDetail("failover", details);
	}

	private static Map<String, Object> describe(BrokerStatus status) {
		Map<String, Object> described = new LinkedHashMap<>();
		described.put("state", status.state().name());
		BrokerServer server = status.server();
		if (server != null && server.product() != null) {
			described.put("product", server.product());
		}
		if (server != null && server.version() != null) {
			described.put("version", server.version());
		}
		return described;
	}

}
