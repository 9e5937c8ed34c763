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

package dev.failover.connection;

import java.util.concurrent.ExecutorService;

import org.jspecify.annotations.Nullable;

/**
 * Connections that can stand in for each other: their consumers run on the same threads,
 * and Spring uses them for the same purpose.
 *
 * @param consumers runs the callbacks of consumers; the factory's own if {@code null}
 * @param publisher whether the connection is one of a publisher connection factory
 */
record ConnectionKind(@Nullable ExecutorService consumers, boolean publisher) {

	private static final String STANDBY = "failover-standby";

	static ConnectionKind of(ConnectRequest request) {
		return new ConnectionKind(request.consumers(), request.publisher());
	}

	/**
	 * Return what a standby connection of this kind is opened with. It keeps its name
	 * when it is taken into use.
	 */
	ConnectRequest standby() {
		return new ConnectRequest(this.consumers, this.publisher ? STANDBY + ".publisher" : STANDBY, this.publisher,
				false);
	}

}
