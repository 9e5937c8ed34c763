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

import javax.net.ssl.SSLSocket;

import org.jspecify.annotations.Nullable;
import org.springframework.amqp.rabbit.connection.RabbitConnectionFactoryBean;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslOptions;

/**
 * {@link RabbitConnectionFactoryBean} that can take its TLS settings from an
 * {@link SslBundle}.
 */
final class BrokerConnectionFactoryBean extends RabbitConnectionFactoryBean {

	private @Nullable SslBundle sslBundle;

	private boolean verifyHostname = true;

	void setSslBundle(@Nullable SslBundle sslBundle) {
		this.sslBundle = sslBundle;
	}

	@Override
	public void setEnableHostnameVerification(boolean enable) {
		super.setEnableHostnameVerification(enable);
		this.verifyHostname = enable;
	}

	@Override
	protected void setUpSSL() {
		if (this.sslBundle == null) {
			super.setUpSSL();
			return;
		}
		this.connectionFactory.useSslProtocol(this.sslBundle.createSslContext());
		if (this.verifyHostname) {
			this.connectionFactory.enableHostnameVerification();
		}
		apply(this.sslBundle.getOptions());
	}

	private void apply(SslOptions options) {
		this.connectionFactory
			.setSocketConfigurator(this.connectionFactory.getSocketConfigurator().andThen((socket) -> {
				if (socket instanceof SSLSocket tls) {
					if (options.getCiphers() != null) {
						tls.setEnabledCipherSuites(options.getCiphers());
					}
					if (options.getEnabledProtocols() != null) {
						tls.setEnabledProtocols(options.getEnabledProtocols());
					}
				}
			}));
	}

}
