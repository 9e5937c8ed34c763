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

import java.net.URI;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.function.Consumer;

import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.ExceptionHandler;
import com.rabbitmq.client.MetricsCollector;
import com.rabbitmq.client.NoOpMetricsCollector;
import com.rabbitmq.client.SaslConfig;
import com.rabbitmq.client.SocketConfigurator;
import com.rabbitmq.client.TrafficListener;
import com.rabbitmq.client.impl.CredentialsProvider;
import com.rabbitmq.client.impl.ErrorOnWriteListener;
import com.rabbitmq.client.observation.ObservationCollector;
import org.jspecify.annotations.Nullable;

/**
 * {@link ConnectionFactory} whose settings reach the factories of all brokers. Settings
 * that belong to a single broker are refused, and so is automatic recovery.
 */
abstract class FanOutConnectionFactory extends ConnectionFactory {

	private final BrokerFactories targets;

	private volatile @Nullable BrokerMetricsCollectors collectors;

	FanOutConnectionFactory(BrokerFactories targets) {
		this.targets = targets;
		setAutomaticRecoveryEnabled(false);
	}

	private void each(Consumer<ConnectionFactory> setting) {
		this.targets.each(setting);
	}

	private static IllegalStateException ofOneBroker(String setting) {
		return new IllegalStateException(
				"'%s' belongs to a single broker: set it in 'failover.brokers', not on the connection factory"
					.formatted(setting));
	}

	@Override
	public void setAutomaticRecoveryEnabled(boolean automaticRecovery) {
		if (automaticRecovery) {
			throw new IllegalStateException(
					"'automaticRecovery' must be false: lost connections are opened anew by failover");
		}
		super.setAutomaticRecoveryEnabled(false);
		each((target) -> target.setAutomaticRecoveryEnabled(false));
	}

	/**
	 * Configure sockets with the given configurator, after all that is configured
	 * already.
	 */
	@Override
	public void setSocketConfigurator(SocketConfigurator socketConfigurator) {
		super.setSocketConfigurator(socketConfigurator);
		each((target) -> target.setSocketConfigurator(target.getSocketConfigurator().andThen(socketConfigurator)));
	}

	@Override
	public void setRequestedChannelMax(int requestedChannelMax) {
		super.setRequestedChannelMax(requestedChannelMax);
		each((target) -> target.setRequestedChannelMax(requestedChannelMax));
	}

	@Override
	public void setRequestedFrameMax(int requestedFrameMax) {
		super.setRequestedFrameMax(requestedFrameMax);
		each((target) -> target.setRequestedFrameMax(requestedFrameMax));
	}

	@Override
	public void setRequestedHeartbeat(int requestedHeartbeat) {
		super.setRequestedHeartbeat(requestedHeartbeat);
		each((target) -> target.setRequestedHeartbeat(requestedHeartbeat));
	}

	@Override
	public void setConnectionTimeout(int connectionTimeout) {
		super.setConnectionTimeout(connectionTimeout);
		each((target) -> target.setConnectionTimeout(connectionTimeout));
	}

	@Override
	public void setHandshakeTimeout(int handshakeTimeout) {
		super.setHandshakeTimeout(handshakeTimeout);
		each((target) -> target.setHandshakeTimeout(handshakeTimeout));
	}

	@Override
	public void setShutdownTimeout(int shutdownTimeout) {
		super.setShutdownTimeout(shutdownTimeout);
		each((target) -> target.setShutdownTimeout(shutdownTimeout));
	}

	@Override
	public void setChannelRpcTimeout(int channelRpcTimeout) {
		super.setChannelRpcTimeout(channelRpcTimeout);
		each((target) -> target.setChannelRpcTimeout(channelRpcTimeout));
	}

	@Override
	public void setWorkPoolTimeout(int workPoolTimeout) {
		super.setWorkPoolTimeout(workPoolTimeout);
		each((target) -> target.setWorkPoolTimeout(workPoolTimeout));
	}

	@Override
	public void setMaxInboundMessageBodySize(int maxInboundMessageBodySize) {
		super.setMaxInboundMessageBodySize(maxInboundMessageBodySize);
		each((target) -> target.setMaxInboundMessageBodySize(maxInboundMessageBodySize));
	}

	@Override
	public void setChannelShouldCheckRpcResponseType(boolean channelShouldCheckRpcResponseType) {
		super.setChannelShouldCheckRpcResponseType(channelShouldCheckRpcResponseType);
		each((target) -> target.setChannelShouldCheckRpcResponseType(channelShouldCheckRpcResponseType));
	}

	@Override
	public void setClientProperties(Map<String, Object> clientProperties) {
		super.setClientProperties(clientProperties);
		each((target) -> target.setClientProperties(clientProperties));
	}

	@Override
	public void setSaslConfig(SaslConfig saslConfig) {
		super.setSaslConfig(saslConfig);
		each((target) -> target.setSaslConfig(saslConfig));
	}

	@Override
	public void setSharedExecutor(ExecutorService sharedExecutor) {
		super.setSharedExecutor(sharedExecutor);
		each((target) -> target.setSharedExecutor(sharedExecutor));
	}

	@Override
	public void setShutdownExecutor(ExecutorService shutdownExecutor) {
		super.setShutdownExecutor(shutdownExecutor);
		each((target) -> target.setShutdownExecutor(shutdownExecutor));
	}

	@Override
	public void setHeartbeatExecutor(ScheduledExecutorService heartbeatExecutor) {
		super.setHeartbeatExecutor(heartbeatExecutor);
		each((target) -> target.setHeartbeatExecutor(heartbeatExecutor));
	}

	@Override
	public void setThreadFactory(ThreadFactory threadFactory) {
		super.setThreadFactory(threadFactory);
		each((target) -> target.setThreadFactory(threadFactory));
	}

	@Override
	public void setExceptionHandler(ExceptionHandler exceptionHandler) {
		super.setExceptionHandler(exceptionHandler);
		each((target) -> target.setExceptionHandler(exceptionHandler));
	}

	/**
	 * Set one collector for the connections to all brokers, in place of those of each
	 * broker.
	 */
	@Override
	public void setMetricsCollector(MetricsCollector metricsCollector) {
		collectMetrics((broker) -> metricsCollector);
		super.setMetricsCollector(metricsCollector);
	}

	/**
	 * Set a collector for the connections to each broker, in place of what was set
	 * before.
	 */
	void collectMetrics(BrokerMetricsCollectors collectors) {
		super.setMetricsCollector(new NoOpMetricsCollector());
		this.collectors = collectors;
		this.targets.onRemoval(collectors::remove);
		this.targets.each((broker, target) -> {
			if (this.collectors == collectors) {
				target.setMetricsCollector(collectors.get(broker));
			}
		});
	}

	@Override
	public void setObservationCollector(ObservationCollector observationCollector) {
		super.setObservationCollector(observationCollector);
		each((target) -> target.setObservationCollector(observationCollector));
	}

	@Override
	public void setErrorOnWriteListener(ErrorOnWriteListener errorOnWriteListener) {
		super.setErrorOnWriteListener(errorOnWriteListener);
		each((target) -> target.setErrorOnWriteListener(errorOnWriteListener));
	}

	@Override
	public void setTrafficListener(TrafficListener trafficListener) {
		super.setTrafficListener(trafficListener);
		each((target) -> target.setTrafficListener(trafficListener));
	}

	/**
	 * Tell an observer of what is delivered on connections that are opened from now on.
	 */
	void observeDeliveries(ConnectionObserver observer) {
		this.targets.each((broker, target) -> target
			.setTrafficListener(new DeliveryListener(broker, observer, target.params(null).getTrafficListener())));
	}

	@Override
	public void setHost(String host) {
		throw ofOneBroker("host");
	}

	@Override
	public void setPort(int port) {
		throw ofOneBroker("port");
	}

	@Override
	public void setUsername(String username) {
		throw ofOneBroker("username");
	}

	@Override
	public void setPassword(String password) {
		throw ofOneBroker("password");
	}

	@Override
	public void setVirtualHost(String virtualHost) {
		throw ofOneBroker("virtualHost");
	}

	@Override
	public void setCredentialsProvider(CredentialsProvider credentialsProvider) {
		throw ofOneBroker("credentialsProvider");
	}

	@Override
	public void setUri(URI uri) {
		throw ofOneBroker("uri");
	}

	@Override
	public void setUri(String uri) {
		throw ofOneBroker("uri");
	}

	@Override
	@Deprecated
	public void useNio() {
		throw new IllegalStateException("NIO is not supported: a broker that fails is left by closing its sockets");
	}

}
