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

package dev.failover.autoconfigure.rabbit;

import org.springframework.boot.amqp.autoconfigure.RabbitProperties;
import org.springframework.util.StringUtils;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerCredentials;

/**
 * What a broker gets that is configured without it.
 *
 * @param credentials user and password
 * @param virtualHost the virtual host
 */
record BrokerDefaults(BrokerCredentials credentials, String virtualHost) {

	static final BrokerDefaults RABBITMQ = new BrokerDefaults(BrokerCredentials.of("guest", "guest"),
			Broker.DEFAULT_VIRTUAL_HOST);

	static BrokerDefaults of(RabbitProperties properties) {
		String virtualHost = properties.getVirtualHost();
		return new BrokerDefaults(BrokerCredentials.of(properties.getUsername(), properties.getPassword()),
				StringUtils.hasText(virtualHost) ? virtualHost : RABBITMQ.virtualHost());
	}

}
