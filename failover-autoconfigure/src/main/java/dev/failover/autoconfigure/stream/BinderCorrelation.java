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

package dev.failover.autoconfigure.stream;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;

import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.Return;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.ReturnedMessage;
import org.springframework.amqp.rabbit.connection.CorrelationData;
import org.springframework.amqp.rabbit.connection.PendingConfirm;
import org.springframework.amqp.rabbit.connection.PublisherCallbackChannel;
import org.springframework.amqp.rabbit.support.DefaultMessagePropertiesConverter;

/**
 * Tells the template of a binder what has become of one of its messages, and completes
 * the correlation of that message, if it has one.
 */
final class BinderCorrelation extends CorrelationData {

	private static final String NONE = "";

	private final Message message;

	private final Expected expected;

	private final CorrelationData correlation;

	/**
	 * Create a correlation.
	 * @param message the message
	 * @param expected who expects its confirm
	 */
	BinderCorrelation(Message message, Expected expected) {
		this(message, expected, expected.pending().getCorrelationData());
	}

	private BinderCorrelation(Message message, Expected expected, @Nullable CorrelationData correlation) {
		super((correlation != null) ? correlation.getId() : NONE);
		this.message = message;
		this.expected = expected;
		this.correlation = (correlation != null) ? correlation : new CorrelationData(NONE);
	}

	@Override
	public CompletableFuture<Confirm> getFuture() {
		return this.correlation.getFuture();
	}

	@Override
	public @Nullable ReturnedMessage getReturned() {
		return this.correlation.getReturned();
	}

	@Override
	public void setReturned(ReturnedMessage returned) {
		this.correlation.setReturned(returned);
	}

	/**
	 * Called by the template that publishes, at the end of each message.
	 */
	static void confirm(@Nullable CorrelationData data, boolean ack, @Nullable String cause) {
		if (data instanceof BinderCorrelation correlation) {
			correlation.confirm(ack, cause);
		}
	}

	private void confirm(boolean ack, @Nullable String cause) {
		ReturnedMessage returned = getReturned();
		if (returned != null) {
			this.expected.listener().handleReturn(convert(returned));
		}
		if (cause != null) {
			this.expected.pending().setCause(cause);
		}
		this.expected.listener().handleConfirm(this.expected.pending(), ack);
	}

	private Return convert(ReturnedMessage returned) {
		return new Return(returned.getReplyCode(), returned.getReplyText(), returned.getExchange(),
				returned.getRoutingKey(), propertiesAsRead(), this.message.getBody());
	}

	/**
	 * Return the properties as if they had come from a broker: the template takes headers
	 * out of them.
	 */
	private BasicProperties propertiesAsRead() {
		BasicProperties written = new DefaultMessagePropertiesConverter()
			.fromMessageProperties(this.message.getMessageProperties(), StandardCharsets.UTF_8.name());
		try {
			DataInputStream frame = written.toFrame(0, this.message.getBody().length).getInputStream();
			frame.readUnsignedShort();
			return new BasicProperties(frame);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * What the template of the binder expects of a message.
	 *
	 * @param listener the template
	 * @param pending the confirm
	 */
	record Expected(PublisherCallbackChannel.Listener listener, PendingConfirm pending) {

	}

}
