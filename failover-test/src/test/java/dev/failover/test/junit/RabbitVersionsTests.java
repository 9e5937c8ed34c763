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

package dev.failover.test.junit;

import org.junit.jupiter.api.Test;

import dev.failover.test.RabbitNode;

import static org.assertj.core.api.Assertions.assertThat;

class RabbitVersionsTests {

	@Test
	void demandedVersionThatIsNotInstalledStandsForItself() {
		assertThat(RabbitVersions.versions("1.8, 2")).containsExactly("1.8", "2");
		assertThat(RabbitVersions.versions(" ,1.8,1.8,")).containsExactly("1.8");
	}

	@Test
	void demandedVersionThatIsInstalledIsItsNewest() {
		BrokersExtension.requireRabbit();
		String newest = RabbitNode.versions().get(0);
		assertThat(RabbitVersions.versions(newest.substring(0, newest.indexOf('.')))).containsExactly(newest);
	}

	@Test
	void allThatAreInstalledIfNoneIsDemanded() {
		BrokersExtension.requireRabbit();
		assertThat(RabbitVersions.versions("")).isEqualTo(RabbitNode.versions());
	}

}
