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

package dev.failover.topology;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import java.util.stream.Stream;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

/**
 * Declares one thing after the other on a connection. The first one that is not answered
 * soon is left behind, and so is nothing else held up: all that follow are sent side by
 * side, and are waited for together at the end. What depends on something that is
 * unanswered follows then. Used by one thread.
 */
final class DeclarationRun {

	private static final Log logger = LogFactory.getLog(DeclarationRun.class);

	/**
	 * Declarations take milliseconds, unless something is wrong with a queue.
	 */
	private static final Duration SOON = Duration.ofMillis(50);

	/**
	 * How long anything waits for what is known to be there.
	 */
	private static final Duration SOON_IF_KNOWN = Duration.ofMillis(25);

	/**
	 * The same on a distant broker, in round trips.
	 */
	private static final int ROUND_TRIPS = 5;

	private final Connection connection;

	private final BrokerDeclarations declarations;

	private final Declarer declarer;

	private final List<AskedDeclaration> late = new ArrayList<>();

	private final List<Declaration> deferred = new ArrayList<>();

	private boolean closedInAnswer;

	DeclarationRun(Connection connection, BrokerDeclarations declarations) {
		this.connection = connection;
		this.declarations = declarations;
		this.declarer = new Declarer(connection);
	}

	/**
	 * Return a channel for what is not to be left behind.
	 */
	Channel take() throws IOException {
		return this.declarer.take();
	}

	void give(Channel channel) {
		this.declarer.give(channel);
	}

	/**
	 * Declare something. Returns also if it is not declared yet.
	 * @throws IOException if the broker refuses it, or fails
	 */
	void declare(Declaration declaration) throws IOException {
		if (this.declarations.isPending(declaration)) {
			return;
		}
		if (isToFollow(declaration)) {
			this.deferred.add(declaration);
			return;
		}
		AskedDeclaration asked = this.declarer.ask(declaration);
		if (asked == null) {
			this.deferred.add(declaration);
		}
		else if (!this.late.isEmpty() || !isDone(asked, soon(declaration))) {
			this.late.add(asked);
		}
	}

	private boolean isToFollow(Declaration declaration) {
		return this.declarations.isAnyPending(declaration.needs())
				|| Stream.concat(this.late.stream().map(AskedDeclaration::declaration), this.deferred.stream())
					.anyMatch((before) -> declaration.needs().contains(before.description()));
	}

	private Duration soon(Declaration declaration) {
		Duration near = this.declarations.isKnown(declaration) ? SOON_IF_KNOWN : SOON;
		Duration far = this.declarer.roundTrip().multipliedBy(ROUND_TRIPS);
		return (far.compareTo(near) > 0) ? far : near;
	}

	private boolean isDone(AskedDeclaration asked, Duration patience) throws IOException {
		try {
			if (asked.isAnswered(patience)) {
				this.declarer.answered(System.nanoTime() - asked.askedAt());
				this.declarations.declared(asked.declaration());
				return true;
			}
			return false;
		}
		catch (ExecutionException ex) {
			Throwable cause = ex.getCause();
			failed(asked.declaration(), (cause != null) ? cause : ex);
			return true;
		}
	}

	private void failed(Declaration declaration, Throwable failure) throws IOException {
		if (!TopologyException.isPassing(failure)) {
			throw new IOException(failure);
		}
		this.closedInAnswer |= !this.connection.isOpen();
		this.declarations.add(declaration, failure);
	}

	/**
	 * Return whether the broker has closed the connection in answer to a declaration.
	 */
	boolean isClosedInAnswer() {
		return this.closedInAnswer;
	}

	/**
	 * Wait for what is late, and declare what depends on it.
	 * @param ignored whether a refusal is of no importance
	 * @return what was not answered in time; the channels belong to it
	 * @throws IOException if the broker refuses a declaration, or fails
	 */
	List<AskedDeclaration> finish(Predicate<Declaration> ignored) throws IOException, TimeoutException {
		List<AskedDeclaration> unanswered = new ArrayList<>();
		for (AskedDeclaration asked : this.late) {
			finish(asked, ignored, unanswered);
		}
		this.late.clear();
		for (Declaration declaration : this.deferred) {
			if (this.declarations.isAnyPending(declaration.needs()) || isAny(unanswered, declaration)) {
				this.declarations.add(declaration, null);
			}
			else if (!this.closedInAnswer) {
				AskedDeclaration asked = this.declarer.ask(declaration);
				if (asked != null) {
					finish(asked, ignored, unanswered);
				}
				else {
					this.declarations.add(declaration, null);
				}
			}
		}
		if (!this.closedInAnswer) {
			if (!unanswered.isEmpty()) {
				this.declarer.probe();
			}
			this.declarer.close();
		}
		return unanswered;
	}

	private static boolean isAny(List<AskedDeclaration> unanswered, Declaration declaration) {
		return unanswered.stream().anyMatch((asked) -> declaration.needs().contains(asked.declaration().description()));
	}

	private void finish(AskedDeclaration asked, Predicate<Declaration> ignored, List<AskedDeclaration> unanswered)
			throws IOException {
		try {
			Declaration declaration = asked.declaration();
			boolean known = this.declarations.isKnown(declaration);
			if (!isDone(asked, known ? soon(declaration) : this.declarations.timeout())) {
				unanswered.add(asked);
			}
		}
		catch (IOException ex) {
			if (!ignored.test(asked.declaration())) {
				throw this.declarations.refusal(asked.declaration(), ex);
			}
			logger.warn("%s cannot be declared, which is ignored: %s".formatted(asked.declaration(), ex.getMessage()));
		}
	}

}
