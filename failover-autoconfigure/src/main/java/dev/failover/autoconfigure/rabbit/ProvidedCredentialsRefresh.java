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

import com.rabbitmq.client.impl.CredentialsProvider;
import org.springframework.util.ClassUtils;

import dev.failover.autoconfigure.FailoverConnectionDetails;
import dev.failover.broker.Broker;
import dev.failover.connection.CredentialsRefresh;

/**
 * Has the application's {@link CredentialsProvider} renew the credentials of the brokers
 * that it is used for.
 */
final class ProvidedCredentialsRefresh implements CredentialsRefresh {

	private final FailoverConnectionDetails details;

	private final CredentialsProvider provider;

	private final boolean supported;

	ProvidedCredentialsRefresh(FailoverConnectionDetails details, CredentialsProvider provider) {
		this.details = details;
		this.provider = provider;
		this.supported = ClassUtils.getMethod(provider.getClass(), "refresh")
			.getDeclaringClass() != CredentialsProvider.class;
	}

	@Override
	public boolean refresh(Broker broker) {
		if (!this.supported || this.details.hasOwnCredentials(broker)) {
			return false;
		}
		this.provider.refresh();
		return true;
	}

}
