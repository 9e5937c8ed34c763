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

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import dev.failover.broker.Activation;
import dev.failover.broker.Broker;
import dev.failover.broker.Brokers;

/**
 * Opens connections to the active broker. While there is none, one caller elects it by a
 * race over all brokers, and the others wait for the result. Standby connections are
 * taken where there are any.
 */
final class ActiveConnector {

	private static final Log logger = LogFactory.getLog(ActiveConnector.class);

	/**
	 * Until standby connections that were in the way are closed.
	 */
	private static final Duration LIMIT_PAUSE = Duration.ofMillis(200);

	/**
	 * Until a broker that turns further connections away has ended those that are open,
	 * which takes milliseconds where it was killed.
	 */
	private static final Duration TURNED_AWAY_PAUSE = Duration.ofMillis(10);

	private static final String APART = "failover-publisher-apart";

	private final Brokers brokers;

	private final ConnectPlan plan;

	private final BrokerConnector connector;

	private final Standby standby;

	private final DirectReplyNames replyNames;

	private final QueueDoor queues;

	private final Duration raceDelay;

	private final ReentrantLock lock = new ReentrantLock();

	private final CountDownLatch closed = new CountDownLatch(1);

	private @Nullable Election election;

	ActiveConnector(Brokers brokers, ConnectPlan plan, BrokerConnector connector, Standby standby, QueueDoor queues,
			Duration raceDelay) {
		this.brokers = brokers;
		this.plan = plan;
		this.connector = connector;
		this.standby = standby;
		this.queues = queues;
		this.replyNames = new DirectReplyNames(brokers);
		this.raceDelay = raceDelay;
		connector.onClose(this.closed::countDown);
	}

	/**
	 * Connect to the active broker, or to the first one that answers.
	 * @param prepared whether to prepare further connections to the active broker, too
	 */
	UsedConnection connect(ConnectRequest request, boolean prepared)
			throws IOException, TimeoutException, InterruptedException {
		long begun = System.nanoTime();
		long deadline = begun + budget().toNanos();
		do {
			Activation active = this.brokers.getActivation();
			UsedConnection connection = (active != null) ? connectTo(active, request, prepared, begun)
					: elect(request, deadline - System.nanoTime());
			if (connection != null) {
				return connection;
			}
		}
		while (System.nanoTime() < deadline);
		throw new TimeoutException("No connection to an active broker within %d ms, the last state is %s"
			.formatted(budget().toMillis(), this.brokers.getStatuses()));
	}

	private Duration budget() {
		return this.connector.timeout().multipliedBy(this.brokers.getAll().size() + 1L);
	}

	private @Nullable UsedConnection connectTo(Activation active, ConnectRequest request, boolean prepared, long begun)
			throws IOException, InterruptedException {
		ConnectAttempt ready = this.standby.take(active.broker(), request);
		ConnectAttempt attempt = (ready != null) ? ready : start(active.broker(), request, prepared);
		try {
			attempt.result().get(this.connector.timeout().toNanos(), TimeUnit.NANOSECONDS);
			return accept(attempt, request);
		}
		catch (ExecutionException ex) {
			logger.debug("Active broker %s cannot be connected to".formatted(active.broker()), ex);
			Duration pause = pause(ex, active);
			if (pause != null && System.nanoTime() - begun < this.connector.timeout().toNanos()) {
				this.closed.await(pause.toMillis(), TimeUnit.MILLISECONDS);
				return null;
			}
			if (active.equals(this.brokers.getActivation())) {
				throw new IOException("A further connection to broker '%s', which stays active, cannot be opened"
					.formatted(active.broker().name()), ex.getCause());
			}
			return null;
		}
		catch (TimeoutException ex) {
			logger.debug("Active broker %s does not answer".formatted(active.broker()), ex);
			return null;
		}
	}

	private ConnectAttempt start(Broker broker, ConnectRequest request, boolean prepared) {
		return prepared ? this.connector.startPrepared(broker, request) : this.connector.start(broker, request);
	}

	/**
	 * Open a further connection to the active broker, for which it is not given up.
	 */
	UsedConnection connectApart(Activation active) throws IOException, InterruptedException {
		ConnectAttempt attempt = this.connector.startUnreported(active.broker(), APART, this.connector.timeout());
		boolean used = false;
		try {
			OpenConnection opened = attempt.result().get(this.connector.timeout().toNanos(), TimeUnit.NANOSECONDS);
			if (!active.equals(this.brokers.getActivation())) {
				throw new IOException("Broker '%s' is not active any more".formatted(active.broker().name()));
			}
			UsedConnection connection = use(opened, active);
			used = true;
			return connection;
		}
		catch (ExecutionException | TimeoutException ex) {
			throw new IOException(
					"No further connection to broker '%s' can be opened".formatted(active.broker().name()), ex);
		}
		finally {
			if (!used) {
				this.connector.discard(attempt);
			}
		}
	}

	/**
	 * Connect to a broker beside the active one, which may be the next one.
	 */
	UsedConnection connectBeside(Broker broker, ConnectRequest request) throws IOException, InterruptedException {
		ConnectAttempt ready = this.standby.take(broker, request);
		ConnectAttempt attempt = (ready != null) ? ready : this.connector.startPrepared(broker, request);
		boolean used = false;
		try {
			OpenConnection opened = attempt.result().get(this.connector.timeout().toNanos(), TimeUnit.NANOSECONDS);
			this.brokers.answered(broker);
			UsedConnection connection = use(opened, null, request);
			used = true;
			return connection;
		}
		catch (ExecutionException | TimeoutException ex) {
			Throwable cause = (ex instanceof ExecutionException) ? ex.getCause() : ex;
			throw new IOException("Broker '%s' cannot be connected to".formatted(broker.name()), cause);
		}
		finally {
			if (!used) {
				this.connector.discard(attempt);
			}
		}
	}

	/**
	 * Return how long to wait before the next try, or {@code null} if none makes sense.
	 */
	private @Nullable Duration pause(ExecutionException failure, Activation active) {
		if (FailureReasons.isLimit(failure)) {
			return LIMIT_PAUSE;
		}
		boolean mayPass = FailureReasons.isTurnedAway(failure) && active.equals(this.brokers.getActivation());
		return mayPass ? TURNED_AWAY_PAUSE : null;
	}

	/**
	 * Take a connection that was opened into use, unless another broker is active.
	 */
	private @Nullable UsedConnection accept(ConnectAttempt attempt, ConnectRequest request) {
		Activation active = this.brokers.connected(attempt.broker(), attempt.incarnation());
		if (active == null || !active.isOf(attempt.broker(), attempt.incarnation())) {
			this.connector.discard(attempt);
			return null;
		}
		try {
			return use(attempt.result().join(), active, request);
		}
		catch (Throwable ex) {
			this.connector.discard(attempt);
			throw ex;
		}
	}

	private UsedConnection use(OpenConnection opened, @Nullable Activation active, ConnectRequest request) {
		UsedConnection used = use(opened, active);
		this.standby.inUse(request, opened.connection());
		return used;
	}

	/**
	 * Take a connection into use.
	 * @param activation what it makes active or has found active, {@code null} if its
	 * broker is another one
	 */
	private UsedConnection use(OpenConnection opened, @Nullable Activation activation) {
		this.connector.inUse(opened);
		return new UsedConnection(opened, activation, this.brokers,
				new DirectReplyNames.At(this.replyNames, opened.broker()),
				new QueueDoor.At(this.queues, opened.broker()), this.standby.channels(opened.connection()),
				SocketWriteBatch.of(opened.connection(), opened.socket()));
	}

	private @Nullable UsedConnection elect(ConnectRequest request, long nanos)
			throws IOException, InterruptedException {
		Election mine = new Election();
		Election running = join(mine);
		if (running != mine) {
			running.await(nanos);
			return null;
		}
		try {
			PassedOver passedOver = new PassedOver(this.brokers.getStatuses(), this.brokers.getPrevious());
			List<Broker> order = this.plan.take();
			ConnectAttempt ready = order.isEmpty() ? null : takeStandby(order.get(0), request);
			ConnectRace race = new ConnectRace(this.brokers, this.connector, this.raceDelay);
			ConnectAttempt winner = (ready != null) ? ready : race.run(order, request);
			UsedConnection connection = accept(winner, request);
			mine.succeed();
			if (connection != null) {
				passedOver.log(winner.broker(), order, race.losers());
			}
			return connection;
		}
		catch (Throwable ex) {
			mine.fail(ex);
			throw ex;
		}
	}

	private @Nullable ConnectAttempt takeStandby(Broker first, ConnectRequest request) {
		boolean usable = this.brokers.getStatus(first.name()).filter((status) -> status.state().isUsable()).isPresent();
		return usable ? this.standby.take(first, request) : null;
	}

	/**
	 * Return the election that runs, or that failed so recently that its result still
	 * holds; otherwise begin the given one.
	 */
	private Election join(Election mine) {
		this.lock.lock();
		try {
			if (this.election == null || this.election.isOver()) {
				this.election = mine;
			}
			return this.election;
		}
		finally {
			this.lock.unlock();
		}
	}

}
