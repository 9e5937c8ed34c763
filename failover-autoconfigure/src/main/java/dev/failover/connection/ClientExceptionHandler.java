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

import java.io.EOFException;
import java.net.SocketException;

import javax.net.ssl.SSLException;

import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.impl.DefaultExceptionHandler;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

/**
 * Logs what the client notices as the client does, but for the loss of a connection: an
 * event tells that once for the broker, with its reason, and not once for each
 * connection.
 */
final class ClientExceptionHandler extends DefaultExceptionHandler {

	private static final Log logger = LogFactory.getLog(ClientExceptionHandler.class);

	/**
	 * Use it with a connection factory, unless the application has set a handler.
	 */
	static void useWith(ConnectionFactory factory) {
		if (factory.getExceptionHandler().getClass() == DefaultExceptionHandler.class) {
			factory.setExceptionHandler(new ClientExceptionHandler());
		}
	}

	@Override
	public void handleUnexpectedConnectionDriverException(Connection connection, Throwable exception) {
		if (isLoss(exception)) {
			logger.debug("Connection to %s:%d is lost".formatted(connection.getAddress(), connection.getPort()),
					exception);
		}
		else {
			super.handleUnexpectedConnectionDriverException(connection, exception);
		}
	}

	private static boolean isLoss(Throwable exception) {
		return exception instanceof SocketException || exception instanceof SSLException
				|| exception instanceof EOFException;
	}

}
