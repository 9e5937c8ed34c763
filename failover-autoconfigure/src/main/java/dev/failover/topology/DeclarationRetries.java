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

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import dev.failover.connection.BrokerAccess;
import dev.failover.connection.OpenConnection;

/**
 * Asks a broker again for what is pending on it, at growing intervals and on a connection
 * apart. Everything that blocks is done on the thread of {@link PendingDeclarations}.
 */
final class DeclarationRetries {

	private static final Log logger = LogFactory.getLog(DeclarationRetries.class);

	private static final String CONNECTION = "failover-topology";

	private static final Duration FIRST_PAUSE = Duration.ofMillis(500);

	private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);

	private final BrokerDeclarations declarations;

	private final PendingDeclarations owner;

	private final Set<OpenConnection> connections = ConcurrentHashMap.newKeySet();

	private final AtomicBoolean scheduled = new AtomicBoolean();

	private @Nullable Declarer declarer;

	private volatile Duration pause = FIRST_PAUSE;

	DeclarationRetries(BrokerDeclarations declarations, PendingDeclarations owner) {
		this.declarations = declarations;
		this.owner = owner;
	}

	void later() {
		if (this.scheduled.compareAndSet(false, true)) {
			this.owner.schedule(this::run, this.pause);
		}
	}

	/**
	 * Ask the broker for what it is not being asked for already.
	 */
	void run() {
		this.scheduled.set(false);
		if (this.owner.isOver(this.declarations)) {
			this.declarations.end();
			return;
		}
		List<PendingDeclaration> due = this.declarations.due();
		BrokerAccess access = this.owner.access();
		if (due.isEmpty() || access == null) {
			return;
		}
		Declarer current = this.declarer;
		if (current != null) {
			due.forEach((declaration) -> ask(declaration, current));
		}
		else if (this.scheduled.compareAndSet(false, true)) {
			open(access).whenComplete((opened, failure) -> this.owner.execute(() -> opened(opened)));
		}
	}

	private CompletableFuture<OpenConnection> open(BrokerAccess access) {
		try {
			return access.open(this.declarations.broker(), CONNECTION);
		}
		catch (Throwable ex) {
			logger.error("%s cannot be connected to for what is pending".formatted(this.declarations.broker()), ex);
			return CompletableFuture.failedFuture(ex);
		}
	}

	private void opened(@Nullable OpenConnection opened) {
		this.scheduled.set(false);
		if (opened == null) {
			this.pause = FIRST_PAUSE;
			failed();
			return;
		}
		this.connections.add(opened);
		Declarer current = new Declarer(opened.connection());
		this.declarer = current;
		opened.connection().addShutdownListener((signal) -> this.owner.execute(() -> {
			this.connections.remove(opened);
			if (this.declarer == current) {
				this.declarer = null;
			}
		}));
		run();
	}

	private void ask(PendingDeclaration declaration, Declarer current) {
		try {
			AskedDeclaration asked = current.ask(declaration.question());
			if (asked == null) {
				later();
				return;
			}
			declaration.asked = true;
			await(declaration, asked.answer());
		}
		catch (Throwable ex) {
			this.declarations.answered(declaration, ex);
		}
	}

	/**
	 * Wait for an answer, but not for ever.
	 */
	void await(PendingDeclaration asked, CompletableFuture<?> answer) {
		CompletableFuture<?> first = answer.copy();
		Runnable endOfWait = this.owner.schedule(() -> first.completeExceptionally(new TimeoutException()),
				this.owner.lastAnswer());
		first.whenComplete((nothing, failure) -> {
			endOfWait.run();
			this.owner.execute(() -> answered(asked, failure));
		});
	}

	private void answered(PendingDeclaration asked, @Nullable Throwable failure) {
		if (failure instanceof TimeoutException) {
			beginAnew();
		}
		this.declarations.answered(asked, failure);
	}

	/**
	 * Leave the connections on which something is not answered, so that it is asked for
	 * again on another one, and so is what else was under way there.
	 */
	private void beginAnew() {
		this.declarer = null;
		this.connections.forEach(this::close);
	}

	void failed() {
		Duration doubled = this.pause.multipliedBy(2);
		this.pause = (doubled.compareTo(LONGEST_PAUSE) < 0) ? doubled : LONGEST_PAUSE;
		later();
	}

	/**
	 * Go on with what depends on something that is declared now.
	 * @param last whether nothing is pending any more
	 */
	void succeeded(boolean last) {
		this.pause = FIRST_PAUSE;
		if (last) {
			end();
		}
		else {
			run();
		}
	}

	/**
	 * Close a connection when it has answered.
	 */
	void closeAfter(List<AskedDeclaration> unanswered, OpenConnection spent) {
		this.connections.add(spent);
		CompletableFuture.allOf(unanswered.stream().map(AskedDeclaration::answer).toArray(CompletableFuture[]::new))
			.whenComplete((nothing, failure) -> this.owner.execute(() -> close(spent)));
	}

	private void close(OpenConnection connection) {
		BrokerAccess access = this.owner.access();
		if (this.connections.remove(connection) && access != null) {
			access.close(connection);
		}
	}

	void end() {
		this.connections.forEach(this::close);
	}

}
