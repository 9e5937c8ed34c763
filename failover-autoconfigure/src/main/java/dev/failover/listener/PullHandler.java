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

package dev.failover.listener;

import java.io.IOException;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageListener;
import org.springframework.amqp.listener.ContainerUtils;
import org.springframework.amqp.listener.ListenerExecutionFailedException;
import org.springframework.util.ErrorHandler;

/**
 * Handles messages and settles them, by the rules of Spring's listener containers.
 *
 * @param listener handles the messages
 * @param errorHandler is told of what the listener throws, and may throw something else
 * @param defaultRequeueRejected whether a message goes back to its queue if the exception
 * does not say what is to happen
 */
record PullHandler(MessageListener listener, ErrorHandler errorHandler, boolean defaultRequeueRejected) {

	private static final Log logger = LogFactory.getLog(PullConsumer.class);

	/**
	 * Handle a message.
	 * @throws IOException if it could not be settled
	 */
	void handle(PullSession session, Message message) throws IOException {
		RuntimeException failure = call(message);
		if (failure == null || ContainerUtils.isImmediateAcknowledge(failure)) {
			session.ack(message);
		}
		else {
			session.reject(message, ContainerUtils.shouldRequeue(this.defaultRequeueRejected, failure, logger));
		}
	}

	private @Nullable RuntimeException call(Message message) {
		try {
			this.listener.onMessage(message);
			return null;
		}
		catch (Throwable ex) {
			return report(new ListenerExecutionFailedException("Listener threw exception", ex, message));
		}
	}

	private RuntimeException report(ListenerExecutionFailedException failure) {
		try {
			this.errorHandler.handleError(failure);
			return failure;
		}
		catch (RuntimeException ex) {
			return ex;
		}
		catch (Throwable ex) {
			failure.addSuppressed(ex);
			return failure;
		}
	}

}
