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

import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A TCP proxy on the loopback interface that can be told to break. Put it between a
 * client and a broker to have refused, silent, slow, half-open and cut connections
 * without touching the broker.
 * <p>
 * A new proxy passes everything on. Its mode can be changed at any time and from any
 * thread, and holds for the connections that are open as well as for new ones. The
 * proxy's threads are daemons and end with {@link #close()}.
 */
public final class FaultProxy implements AutoCloseable {

	private final InetSocketAddress target;

	private final PortReservation port = PortReservation.any();

	private final ProxyListener listener = new ProxyListener(this.port.port(), this::open);

	private final ProxyGate gate = new ProxyGate();

	private final ProxyCounters counters = new ProxyCounters();

	private final Set<ProxyConnection> connections = ConcurrentHashMap.newKeySet();

	private final AtomicInteger sequence = new AtomicInteger();

	private FaultProxy(InetSocketAddress target) {
		this.target = target;
		pass();
	}

	/**
	 * Start a proxy to a broker's port without TLS.
	 * @param broker the broker, which need not run yet
	 * @return the proxy
	 */
	public static FaultProxy to(TestBroker broker) {
		return to(broker.host(), broker.port());
	}

	/**
	 * Start a proxy to an address.
	 * @param host the target's host
	 * @param port the target's port
	 * @return the proxy
	 */
	public static FaultProxy to(String host, int port) {
		return new FaultProxy(new InetSocketAddress(host, port));
	}

	/**
	 * Return the host that the proxy listens on.
	 * @return an address of the loopback interface
	 */
	public String host() {
		return PortReservation.loopback().getHostAddress();
	}

	/**
	 * Return the port that the proxy listens on, the same for the proxy's life.
	 * @return the port
	 */
	public int port() {
		return this.port.port();
	}

	/**
	 * Pass everything on. What was held back by another mode is delivered now.
	 */
	public void pass() {
		listen();
		this.gate.set(ProxyMode.PASS);
	}

	/**
	 * Refuse new connections at once, as a host without the server does. Open connections
	 * stay as they were: {@link #cut()} ends them.
	 */
	public void refuse() {
		this.listener.refuse();
	}

	/**
	 * Accept connections and keep those that are open, but let nothing through in either
	 * direction, the end of a connection included. As in a partition of the network, what
	 * is sent meanwhile is not lost but late: {@link #pass()} delivers it.
	 */
	public void blackHole() {
		listen();
		this.gate.set(ProxyMode.BLACK_HOLE);
	}

	/**
	 * Let everything through in one direction and nothing in the other.
	 * @param open the direction that still works
	 */
	public void halfOpen(Direction open) {
		listen();
		this.gate.set(ProxyMode.halfOpen(open));
	}

	/**
	 * Deliver everything late by the same time, without limiting the throughput: a
	 * request and its reply take twice the delay longer than without.
	 * @param oneWay the delay for each direction
	 */
	public void delay(Duration oneWay) {
		listen();
		this.gate.set(ProxyMode.delay(oneWay));
	}

	/**
	 * End all open connections at once, with a reset to both sides. New connections are
	 * treated by the mode.
	 */
	public void cut() {
		this.connections.forEach(ProxyConnection::reset);
	}

	/**
	 * Return how many connections were accepted so far.
	 * @return the number since the start of the proxy
	 */
	public int acceptedConnections() {
		return this.counters.accepted();
	}

	/**
	 * Return how many connections are open now.
	 * @return the number of connections that neither side has ended
	 */
	public int openConnections() {
		return this.connections.size();
	}

	/**
	 * Return how many connections are being opened now: accepted by the proxy, but not
	 * yet through the handshake of AMQP 0-9-1. With TLS, or another protocol, the first
	 * byte from the target ends that phase.
	 * @return the number of connections in the connecting phase
	 */
	public int connectingConnections() {
		return this.counters.connecting();
	}

	/**
	 * Return the highest {@link #connectingConnections()} so far.
	 * @return the largest number of connections that were being opened at the same time
	 */
	public int maxConnectingConnections() {
		return this.counters.maxConnecting();
	}

	/**
	 * Return how many bytes were delivered so far, in both directions together.
	 * @return the number of bytes
	 */
	public long deliveredBytes() {
		return this.counters.delivered();
	}

	/**
	 * Set the counters to 0, but for what is open now.
	 */
	public void resetCounters() {
		this.counters.reset();
	}

	/**
	 * Cut all connections, stop listening and end the proxy's threads.
	 */
	@Override
	public void close() {
		this.listener.close();
		cut();
		this.port.close();
	}

	@Override
	public String toString() {
		return "FaultProxy %s:%d -> %s (%s)".formatted(host(), port(), this.target, this.gate.mode());
	}

	private void listen() {
		this.listener.open();
	}

	private void open(Socket client) {
		String name = "fault-proxy-%d-%d".formatted(port(), this.sequence.incrementAndGet());
		ProxyConnection connection = new ProxyConnection(name, client, this.target, this.gate, this.counters,
				this.connections::remove);
		this.connections.add(connection);
		connection.start();
		if (this.listener.isClosed()) {
			connection.reset();
		}
	}

	/**
	 * A direction through the proxy.
	 */
	public enum Direction {

		/**
		 * From the client to the target.
		 */
		TO_TARGET,

		/**
		 * From the target to the client.
		 */
		TO_CLIENT

	}

}
