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

package dev.failover.test;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

class RabbitInstallationTests {

	@TempDir
	private Path folder;

	@Test
	void findsInstallationsNewestFirst() throws Exception {
		List<RabbitInstallation> found = RabbitInstallation
			.in(List.of(home("rabbitmq_server-3.9.13"), home("rabbitmq_server-4.3.6"), home("rabbitmq_server-3.10.8")));
		assertThat(found).extracting(RabbitInstallation::version).containsExactly("4.3.6", "3.10.8", "3.9.13");
		assertThat(found.get(0).tool("rabbitmqctl"))
			.isEqualTo(this.folder.resolve("rabbitmq_server-4.3.6/sbin/rabbitmqctl"));
	}

	@Test
	void takesErlangFromTheInstallation() throws Exception {
		Path home = home("rabbitmq_server-4.3.6");
		assertThat(RabbitInstallation.in(List.of(home))).singleElement().satisfies((installation) -> {
			assertThat(installation.epmd()).isEqualTo(home.resolve("bin/epmd"));
			assertThat(installation.erlCall()).isEqualTo(home.resolve("bin/erl_call"));
		});
	}

	@Test
	void asksTheInstallationForItsVersionWhereTheFolderDoesNotTell() throws Exception {
		Path home = home("rabbitmq");
		script(home.resolve("sbin/rabbitmqctl"), "echo 4.1.2");
		assertThat(RabbitInstallation.in(List.of(home))).extracting(RabbitInstallation::version)
			.containsExactly("4.1.2");
	}

	@Test
	void passesOverFoldersWithoutServer() {
		assertThat(RabbitInstallation.in(List.of(this.folder.resolve("nothing")))).isEmpty();
	}

	@Test
	void comparesVersionsByTheirNumbers() {
		assertThat(Stream.of("3.9.30", "4.0.0-rc.1", "3.10.8", "4.0.0", "unknown")
			.sorted(RabbitInstallation::compareVersions)
			.toList()).containsExactly("unknown", "3.9.30", "3.10.8", "4.0.0-rc.1", "4.0.0");
	}

	@Test
	void takesVersionsByTheirFirstNumbers() throws Exception {
		List<RabbitInstallation> found = RabbitInstallation
			.in(List.of(home("rabbitmq_server-4.3.6"), home("rabbitmq_server-3.10.8"), home("rabbitmq_server-3.1.5")));
		assertThat(RabbitInstallation.newest(found, "3.1")).get()
			.extracting(RabbitInstallation::version)
			.isEqualTo("3.1.5");
		assertThat(RabbitInstallation.newest(found, "3")).get()
			.extracting(RabbitInstallation::version)
			.isEqualTo("3.10.8");
		assertThat(RabbitInstallation.newest(found, "")).get()
			.extracting(RabbitInstallation::version)
			.isEqualTo("4.3.6");
		assertThat(RabbitInstallation.newest(found, "4.2")).isEmpty();
	}

	@Test
	void saysThatAVersionIsNotInstalled() {
		assertThat(RabbitNode.available("1.8").available()).isFalse();
		assertThat(RabbitNode.available("1.8").description()).contains("not installed");
		assertThatIllegalStateException().isThrownBy(() -> RabbitNode.builder().version("1.8").build())
			.withMessageContaining("not installed");
	}

	private Path home(String name) throws Exception {
		Path home = this.folder.resolve(name);
		for (String program : List.of("sbin/rabbitmq-server", "bin/epmd", "bin/erl_call")) {
			script(home.resolve(program), ":");
		}
		return home;
	}

	private static void script(Path file, String line) throws Exception {
		Files.createDirectories(file.getParent());
		Files.writeString(file, "#!/bin/sh\n" + line + "\n");
		assertThat(file.toFile().setExecutable(true)).isTrue();
	}

}
