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

package dev.failover.template;

import dev.failover.test.FaultProxy;
import dev.failover.test.TestBroker;

/**
 * A broker behind a proxy.
 *
 * @param target the broker
 * @param proxy the proxy
 */
record ProxiedBroker(TestBroker target, FaultProxy proxy) implements TestBroker {

	static ProxiedBroker of(TestBroker target) {
		return new ProxiedBroker(target, FaultProxy.to(target));
	}

	@Override
	public String name() {
		return this.target.name();
	}

	@Override
	public String host() {
		return this.proxy.host();
	}

	@Override
	public int port() {
		return this.proxy.port();
	}

	@Override
	public String username() {
		return this.target.username();
	}

	@Override
	public String password() {
		return this.target.password();
	}

	@Override
	public String virtualHost() {
		return this.target.virtualHost();
	}

	@Override
	public void start() {
		this.target.start();
	}

	@Override
	public void stop() {
		this.target.stop();
	}

	@Override
	public void kill() {
		this.target.kill();
	}

	@Override
	public boolean isRunning() {
		return this.target.isRunning();
	}

	@Override
	public void close() {
		this.proxy.close();
	}

}
