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

package dev.failover.benchmarks.support;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.stream.Stream;

import com.rabbitmq.client.impl.ClientVersion;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.boot.SpringBootVersion;

/**
 * Where, when and with what is measured.
 */
public final class Machine {

	private Machine() {
	}

	/**
	 * Describe the machine and the versions.
	 * @param nodes the brokers
	 * @return one line
	 */
	public static String describe(NodePair nodes) {
		return "%s; RabbitMQ %s on the same machine.".formatted(describe(), nodes.first().version());
	}

	/**
	 * Describe the machine and the versions without brokers.
	 * @return one line
	 */
	public static String describe() {
		String revision = System.getProperty("benchmarks.revision", "");
		return "%s%s; %d cores (%s), %s, JDK %s; Spring Boot %s, Spring AMQP %s, amqp-client %s".formatted(
				LocalDate.now(ZoneOffset.UTC), revision.isEmpty() ? "" : ", revision " + revision,
				Runtime.getRuntime().availableProcessors(), processor(), System.getProperty("os.name"),
				Runtime.version(), SpringBootVersion.getVersion(),
				RabbitTemplate.class.getPackage().getImplementationVersion(), ClientVersion.VERSION);
	}

	private static String processor() {
		try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
			return lines.filter((line) -> line.startsWith("model name"))
				.map((line) -> line.substring(line.indexOf(':') + 1).trim())
				.findFirst()
				.orElse(System.getProperty("os.arch"));
		}
		catch (IOException ex) {
			return System.getProperty("os.arch");
		}
	}

}
