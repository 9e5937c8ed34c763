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

/**
 * Connections that can stand in for each other, as Spring uses them for the same purpose.
 *
 * @param publisher whether the connection is one of a publisher connection factory
 */
record ConnectionKind(boolean publisher) {

	private static final String STANDBY = "failover-standby";

	static ConnectionKind of(ConnectRequest request) {
		return new ConnectionKind(request.publisher());
	}

	/**
	 * Return what a standby connection of this kind is opened with. It keeps its name
	 * when it is taken into use.
	 */
	ConnectRequest standby() {
		return new ConnectRequest(this.publisher ? STANDBY + ".publisher" : STANDBY, this.publisher, false);
	}

}
