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

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

/**
 * A RabbitMQ on this machine, with the programs of the Erlang that belongs to it. There
 * may be several, of different versions.
 *
 * @param home the folder that holds {@code sbin/rabbitmq-server}
 * @param version the version, such as 4.3.6
 * @param epmd Erlang's port mapper
 * @param erlCall Erlang's {@code erl_call}
 */
record RabbitInstallation(Path home, String version, Path epmd, Path erlCall) {

	static final String HOME_PROPERTY = "failover.test.rabbitmq-home";

	static final String VERSION_PROPERTY = "failover.test.rabbitmq-version";

	private static final List<String> PACKAGE_FOLDERS = List.of("/usr/lib/rabbitmq/lib", "/usr/local/lib/rabbitmq/lib");

	private static final List<String> HOMES = List.of("/usr/lib/rabbitmq", "/opt/rabbitmq",
			"/opt/homebrew/opt/rabbitmq", "/usr/local/opt/rabbitmq");

	/**
	 * Further homes are below it, named {@code rabbitmq-} and whatever tells them apart.
	 */
	private static final Path OPTIONAL_SOFTWARE = Path.of("/opt");

	private static final List<String> ERLANG_HOMES = List.of("/usr/lib/erlang", "/usr/local/lib/erlang",
			"/opt/homebrew/lib/erlang");

	private static final Pattern VERSION = Pattern.compile("\\d+\\.\\d+\\.\\d+\\S*");

	private static final long VERSION_SECONDS = 60;

	static RabbitAvailability availability(@Nullable String version) {
		if (File.separatorChar != '/') {
			return new RabbitAvailability(false, "RabbitMQ nodes are controlled by POSIX signals");
		}
		if (all().isEmpty()) {
			return new RabbitAvailability(false,
					"rabbitmq-server, or Erlang's epmd or erl_call, is not installed (looked at %s, %s and %s/rabbitmq-*, or set the system property '%s')"
						.formatted(PACKAGE_FOLDERS, HOMES, OPTIONAL_SOFTWARE, HOME_PROPERTY));
		}
		return newest(version)
			.map((installation) -> new RabbitAvailability(true,
					"RabbitMQ %s in %s".formatted(installation.version(), installation.home())))
			.orElseGet(() -> new RabbitAvailability(false, "RabbitMQ %s is not installed, there is %s"
				.formatted(wanted(version), all().stream().map(RabbitInstallation::version).toList())));
	}

	/**
	 * Return the newest installation of a version.
	 * @param version the beginning of the version, {@code null} for what the system
	 * property names, or any
	 * @return the installation
	 * @throws IllegalStateException if there is none
	 */
	static RabbitInstallation find(@Nullable String version) {
		return newest(version).orElseThrow(() -> new IllegalStateException(availability(version).description()));
	}

	/**
	 * Return the installations.
	 * @return the installations, the newest version first
	 */
	static List<RabbitInstallation> all() {
		return Holder.INSTALLATIONS;
	}

	static Optional<RabbitInstallation> newest(@Nullable String version) {
		return newest(all(), wanted(version));
	}

	static Optional<RabbitInstallation> newest(List<RabbitInstallation> installations, String version) {
		return installations.stream()
			.filter((installation) -> version.isEmpty() || (installation.version() + ".").startsWith(version + "."))
			.findFirst();
	}

	private static String wanted(@Nullable String version) {
		return (version != null) ? version : System.getProperty(VERSION_PROPERTY, "");
	}

	Path server() {
		return tool("rabbitmq-server");
	}

	/**
	 * Return one of RabbitMQ's programs.
	 * @param name its name, such as {@code rabbitmqctl}
	 */
	Path tool(String name) {
		return tool(this.home, name);
	}

	private static Path tool(Path home, String name) {
		return home.resolve("sbin").resolve(name);
	}

	static List<RabbitInstallation> in(List<Path> candidates) {
		Set<Path> homes = new LinkedHashSet<>();
		for (Path candidate : candidates) {
			if (Files.isExecutable(tool(candidate, "rabbitmq-server"))) {
				homes.add(candidate);
			}
		}
		List<RabbitInstallation> found = new ArrayList<>();
		for (Path home : homes) {
			Optional<Path> epmd = erlang(home, "epmd");
			Optional<Path> erlCall = erlang(home, "erl_call");
			if (epmd.isPresent() && erlCall.isPresent()) {
				found.add(new RabbitInstallation(home, versionOf(home), epmd.get(), erlCall.get()));
			}
		}
		found.sort(Comparator.comparing(RabbitInstallation::version, RabbitInstallation::compareVersions).reversed());
		return List.copyOf(found);
	}

	private static List<Path> candidates() {
		List<Path> candidates = new ArrayList<>();
		String named = System.getProperty(HOME_PROPERTY, "");
		for (String home : named.split(File.pathSeparator)) {
			if (!home.isBlank()) {
				candidates.add(Path.of(home));
			}
		}
		if (!candidates.isEmpty()) {
			return candidates;
		}
		String home = System.getenv("RABBITMQ_HOME");
		if (home != null) {
			candidates.add(Path.of(home));
		}
		PACKAGE_FOLDERS.forEach((folder) -> candidates.addAll(children(Path.of(folder), "rabbitmq_server-*")));
		HOMES.forEach((folder) -> candidates.add(Path.of(folder)));
		candidates.addAll(children(OPTIONAL_SOFTWARE, "rabbitmq-*"));
		return candidates;
	}

	/**
	 * Return the version of an installation: that in the name of the folder, or what its
	 * own program says.
	 */
	private static String versionOf(Path home) {
		Matcher matcher = VERSION.matcher(home.getFileName().toString());
		if (matcher.find()) {
			return matcher.group();
		}
		try {
			Process process = new ProcessBuilder(tool(home, "rabbitmqctl").toString(), "version")
				.redirectError(ProcessBuilder.Redirect.DISCARD)
				.start();
			try {
				if (process.waitFor(VERSION_SECONDS, TimeUnit.SECONDS)) {
					String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
					Matcher printed = VERSION.matcher(output);
					return printed.find() ? printed.group() : "unknown";
				}
			}
			finally {
				process.destroyForcibly();
			}
		}
		catch (IOException ex) {
			// without its tools it has no version
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
		return "unknown";
	}

	private static Optional<Path> erlang(Path home, String name) {
		List<Path> candidates = new ArrayList<>();
		candidates.add(home.resolve("bin").resolve(name));
		for (String folder : System.getenv().getOrDefault("PATH", "").split(File.pathSeparator)) {
			candidates.add(Path.of(folder, name));
		}
		for (String erlangHome : ERLANG_HOMES) {
			children(Path.of(erlangHome), "erts-*")
				.forEach((child) -> candidates.add(child.resolve("bin").resolve(name)));
			children(Path.of(erlangHome, "lib"), "erl_interface-*")
				.forEach((child) -> candidates.add(child.resolve("bin").resolve(name)));
		}
		return candidates.stream().filter(Files::isExecutable).findFirst();
	}

	/**
	 * Return the children of a folder, the last in the alphabet first.
	 */
	private static List<Path> children(Path folder, String glob) {
		List<Path> children = new ArrayList<>();
		if (Files.isDirectory(folder)) {
			try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder, glob)) {
				stream.forEach(children::add);
			}
			catch (IOException ex) {
				return List.of();
			}
		}
		children.sort(Collections.reverseOrder());
		return children;
	}

	/**
	 * Compare versions number by number: 3.10 is newer than 3.9, and 4.0.0 than a
	 * pre-release of it.
	 */
	static int compareVersions(String one, String other) {
		int[] left = numbers(one);
		int[] right = numbers(other);
		int compared = Arrays.compare(left, right);
		return (compared != 0) ? compared : Boolean.compare(other.contains("-"), one.contains("-"));
	}

	private static int[] numbers(String version) {
		return Arrays.stream(version.split("-", 2)[0].split("\\D+"))
			.filter((digits) -> !digits.isEmpty())
			.mapToInt(Integer::parseInt)
			.toArray();
	}

	private static final class Holder {

		private static final List<RabbitInstallation> INSTALLATIONS = in(candidates());

	}

}
