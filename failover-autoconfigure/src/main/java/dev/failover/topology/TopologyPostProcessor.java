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

import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

import org.jspecify.annotations.Nullable;
import org.springframework.amqp.rabbit.connection.AbstractConnectionFactory;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory.CacheMode;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.core.RabbitAdmin;
import org.springframework.amqp.rabbit.listener.MissingQueueEvent;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.context.ApplicationListener;
import org.springframework.util.Assert;

import dev.failover.connection.FailoverConnectionFactory;

/**
 * Puts each {@link RabbitAdmin} of the connection factory that fails over behind the
 * {@link TopologyGate}. Its own declaration on new connections is replaced: it would
 * declare what the gate has declared already, and repeat what fails for many seconds
 * under the lock of the connection factory, also when the broker was lost meanwhile. What
 * is declared through it at run time is declared on the next broker, too.
 */
public final class TopologyPostProcessor implements BeanPostProcessor, SmartInitializingSingleton,
		ApplicationListener<MissingQueueEvent>, DisposableBean {

	private final ObjectProvider<TopologyGate> gate;

	private final LockedQueues lockedQueues = new LockedQueues();

	private final Set<RabbitAdmin> declaring = ConcurrentHashMap.newKeySet();

	private final List<DeclarationListener> listeners = new CopyOnWriteArrayList<>();

	/**
	 * Create a post-processor.
	 * @param gate the gate, asked for when the first admin is created
	 */
	public TopologyPostProcessor(ObjectProvider<TopologyGate> gate) {
		Assert.notNull(gate, "'gate' must not be null");
		this.gate = gate;
	}

	@Override
	public Object postProcessBeforeInitialization(Object bean, String beanName) {
		if (bean instanceof RabbitAdmin admin && failsOver(connectionFactory(admin))) {
			admin.setRetryTemplate(null);
			if (this.gate.getObject().redeclaresManualDeclarations()) {
				admin.setRedeclareManualDeclarations(true);
			}
			if (admin.isAutoStartup()) {
				this.declaring.add(admin);
				admin.setAutoStartup(false);
			}
		}
		return bean;
	}

	@Override
	public Object postProcessAfterInitialization(Object bean, String beanName) {
		if (bean instanceof RabbitAdmin admin && this.declaring.remove(admin)) {
			admin.setAutoStartup(true);
			TopologyGate opened = this.gate.getObject();
			opened.add(admin);
			ConnectionFactory connectionFactory = connectionFactory(admin);
			if (target(connectionFactory) instanceof FailoverConnectionFactory target) {
				opened.use(target);
			}
			if (!cachesConnections(connectionFactory)) {
				listen(connectionFactory, new DeclarationListener(admin, opened, this.lockedQueues));
			}
		}
		return bean;
	}

	/**
	 * Spring adds a listener to the connection factory for publishing, too.
	 */
	private void listen(ConnectionFactory connectionFactory, DeclarationListener listener) {
		this.listeners.add(listener);
		connectionFactory.addConnectionListener(listener);
		ConnectionFactory publishing = connectionFactory.getPublisherConnectionFactory();
		if (publishing != null && publishing != connectionFactory && publishing.removeConnectionListener(listener)) {
			publishing.addConnectionListener(listener.forPublishing());
		}
	}

	private static ConnectionFactory connectionFactory(RabbitAdmin admin) {
		return admin.getRabbitTemplate().getConnectionFactory();
	}

	private static boolean failsOver(ConnectionFactory connectionFactory) {
		return target(connectionFactory) instanceof FailoverConnectionFactory;
	}

	private static com.rabbitmq.client.@Nullable ConnectionFactory target(ConnectionFactory connectionFactory) {
		return (connectionFactory instanceof AbstractConnectionFactory known) ? known.getRabbitConnectionFactory()
				: null;
	}

	/**
	 * As an admin itself would, leave it to the gate to declare then: to declare on each
	 * connection would open another one.
	 */
	private static boolean cachesConnections(ConnectionFactory connectionFactory) {
		return connectionFactory instanceof CachingConnectionFactory caching
				&& caching.getCacheMode() == CacheMode.CONNECTION;
	}

	@Override
	public void afterSingletonsInstantiated() {
		this.gate.ifAvailable(TopologyGate::open);
	}

	/**
	 * A container looks for its queue on another broker.
	 */
	@Override
	public void onApplicationEvent(MissingQueueEvent event) {
		this.listeners.forEach((listener) -> listener.missing(event.getQueue()));
	}

	@Override
	public void destroy() {
		this.lockedQueues.close();
	}

}
