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

package dev.failover.virtual;

import java.util.List;

/**
 * What is to be settled on one real channel.
 *
 * @param real the channel
 * @param tags the delivery tags that the broker has given, in ascending order, at least
 * one
 * @param together whether nothing else that came before the last one is unsettled
 */
record Settlement(RealChannel real, List<Long> tags, boolean together) {

	long last() {
		return this.tags.get(this.tags.size() - 1);
	}

}
