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

import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

import org.jspecify.annotations.Nullable;

/**
 * Runs Erlang expressions in a node, by way of Erlang's own client, which takes some
 * milliseconds where RabbitMQ's command line takes seconds.
 */
final class NodeCommands {

	private static final Duration TIMEOUT = Duration.ofSeconds(30);

	private static final Duration TOOL_TIMEOUT = Duration.ofMinutes(2);

	private static final String OK = "{ok, ";

	/**
	 * How the program begins what it says when it could not reach the node.
	 */
	private static final String UNREACHED = "erl_call:";

	private static final int TRIES = 3;

	private final ErlangRuntime runtime;

	private final String nodeName;

	NodeCommands(ErlangRuntime runtime, String nodeName) {
		this.runtime = runtime;
		this.nodeName = nodeName;
	}

	/**
	 * Evaluate expressions.
	 * @param expressions the expressions, which end with a full stop
	 * @return the value of the last one
	 */
	String evaluate(String expressions) {
		try {
			String answer = ask(expressions);
			for (int tries = 1; tries < TRIES && answer.startsWith(UNREACHED); tries++) {
				answer = ask(expressions);
			}
			return result(answer);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException("Interrupted while talking to %s".formatted(this.nodeName), ex);
		}
	}

	/**
	 * Quote a text as an Erlang binary.
	 */
	static String binary(String text) {
		StringBuilder binary = new StringBuilder("<<");
		byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
		for (int i = 0; i < bytes.length; i++) {
			binary.append((i > 0) ? "," : "").append(Byte.toUnsignedInt(bytes[i]));
		}
		return binary.append(">>").toString();
	}

	private String ask(String expressions) throws IOException, InterruptedException {
		Path output = Files.createTempFile(this.runtime.folder(), "eval", ".out");
		try {
			run(expressions, output);
			return Files.readString(output).strip();
		}
		finally {
			Files.deleteIfExists(output);
		}
	}

	private void run(String expressions, Path output) throws IOException, InterruptedException {
		List<String> command = List.of(this.runtime.installation().erlCall().toString(), "-sname", this.nodeName, "-e");
		if (await(command, expressions + "\n", output, TIMEOUT) == null) {
			throw new IllegalStateException("Node %s does not answer".formatted(this.nodeName));
		}
	}

	/**
	 * Run one of RabbitMQ's programs.
	 * @param tool the name of the program
	 * @param arguments its arguments
	 * @return what it printed
	 */
	String run(String tool, List<String> arguments) {
		List<String> command = new ArrayList<>();
		command.add(this.runtime.installation().tool(tool).toString());
		command.addAll(List.of("-n", this.nodeName, "-q"));
		command.addAll(arguments);
		String named = tool + " " + String.join(" ", arguments);
		try {
			Path output = Files.createTempFile(this.runtime.folder(), "tool", ".out");
			try {
				Integer status = await(command, "", output, TOOL_TIMEOUT);
				String printed = Files.readString(output).strip();
				if (status == null || status != 0) {
					throw new IllegalStateException("'%s' on node %s %s: %s".formatted(named, this.nodeName,
							(status != null) ? "failed with status " + status : "did not end in time", printed));
				}
				return printed;
			}
			finally {
				Files.deleteIfExists(output);
			}
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException("Interrupted in '%s' on %s".formatted(named, this.nodeName), ex);
		}
	}

	/**
	 * Run a process.
	 * @return its exit status, {@code null} if it did not end in time
	 */
	private @Nullable Integer await(List<String> command, String input, Path output, Duration timeout)
			throws IOException, InterruptedException {
		ProcessBuilder builder = new ProcessBuilder(command).directory(this.runtime.folder().toFile())
			.redirectErrorStream(true)
			.redirectOutput(output.toFile());
		this.runtime.configure(builder.environment());
		Process process = builder.start();
		try (Writer writer = process.outputWriter(StandardCharsets.UTF_8)) {
			writer.write(input);
		}
		catch (IOException ex) {
			// it has ended before it read anything, and says why
		}
		if (!process.waitFor(timeout.toSeconds(), TimeUnit.SECONDS)) {
			process.destroyForcibly();
			return null;
		}
		return process.exitValue();
	}

	private String result(String output) {
		if (!output.startsWith(OK) || !output.endsWith("}")) {
			throw new IllegalStateException("Node %s refused a command: %s".formatted(this.nodeName, output));
		}
		return output.substring(OK.length(), output.length() - 1);
	}

}
