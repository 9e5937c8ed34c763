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

package dev.failover.autoconfigure.rabbit;

import java.util.ArrayList;
import java.util.List;
import java.util.Properties;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory.CacheMode;
import org.springframework.amqp.rabbit.connection.ChannelProxy;
import org.springframework.beans.factory.config.BeanPostProcessor;

import dev.failover.connection.FailoverConnectionFactory;

/**
 * Closes the channels of a connection that is left as soon as they are idle in the cache
 * of Spring's connection factory, which would hand them out for as long as they are open.
 */
final class IdleChannelsPostProcessor implements BeanPostProcessor {

	private static final Log logger = LogFactory.getLog(IdleChannelsPostProcessor.class);

	@Override
	public @Nullable Object postProcessAfterInitialization(Object bean, String beanName) {
		if (bean instanceof CachingConnectionFactory caching
				&& caching.getRabbitConnectionFactory() instanceof FailoverConnectionFactory failover
				&& caching.getCacheMode() == CacheMode.CHANNEL) {
			failover.addIdleChannelCleaner((connection) -> clean(caching, connection));
			if (caching.getPublisherConnectionFactory() instanceof CachingConnectionFactory publisher) {
				failover.addIdleChannelCleaner((connection) -> clean(publisher, connection));
			}
		}
		return bean;
	}

	private static void clean(CachingConnectionFactory cache, Connection left) {
		Properties state = cache.getCacheProperties();
		clean(cache, left, false, Integer.parseInt(state.getProperty("idleChannelsNotTx", "0")));
		clean(cache, left, true, Integer.parseInt(state.getProperty("idleChannelsTx", "0")));
	}

	/**
	 * Take all that is idle, and give back what belongs to another connection.
	 */
	private static void clean(CachingConnectionFactory cache, Connection left, boolean transactional, int idle) {
		List<Channel> taken = new ArrayList<>(idle);
		try {
			for (int i = 0; i < idle; i++) {
				taken.add(cache.createConnection().createChannel(transactional));
			}
		}
		finally {
			taken.forEach((channel) -> release(channel, left));
		}
	}

	private static void release(Channel channel, Connection left) {
		try {
			Channel target = (channel instanceof ChannelProxy proxy) ? proxy.getTargetChannel() : null;
			if (target != null && target.isOpen() && target.getConnection() == left) {
				target.close();
			}
			channel.close();
		}
		catch (Exception ex) {
			logger.debug("Channel of a connection that is left cannot be closed", ex);
		}
	}

}
