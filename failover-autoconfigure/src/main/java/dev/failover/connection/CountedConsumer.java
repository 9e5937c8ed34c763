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
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Consumer;
import com.rabbitmq.client.Envelope;
import com.rabbitmq.client.ShutdownSignalException;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * A consumer whose deliveries are to be settled.
 * <p>
 * The client passes on in its order what comes on a channel: deliveries, and after the
 * last one that the broker has cancelled the consumer.
 */
final class CountedConsumer extends ConsumerDecorator {

	private static final Log logger = LogFactory.getLog(CountedChannel.class);

	private final CountedChannel channel;

	private final AtomicBoolean shutDown = new AtomicBoolean();

	private final CountDownLatch ended = new CountDownLatch(1);

	/**
	 * What came after the cancel, used by the thread of the consumer.
	 */
	private final List<Long> late = new ArrayList<>();

	private volatile @Nullable String cancelled;

	private volatile boolean cancelling;

	private volatile boolean cancelConfirmed;

	CountedConsumer(CountedChannel channel, Consumer consumer) {
		super(consumer);
		this.channel = channel;
	}

	/**
	 * The application cancels the consumer.
	 */
	void cancelling() {
		this.cancelling = true;
	}

	/**
	 * Return whether the application has cancelled the consumer.
	 */
	boolean isCancelling() {
		return this.cancelling;
	}

	/**
	 * The broker has confirmed a cancel, and sends nothing more.
	 */
	void cancelConfirmed() {
		this.cancelConfirmed = true;
	}

	/**
	 * Return what is done when nothing is passed on any more.
	 */
	CountDownLatch ended() {
		return this.ended;
	}

	void end() {
		this.ended.countDown();
	}

	@Override
	public void handleConsumeOk(String consumerTag) {
		this.channel.begun(this, consumerTag);
		super.handleConsumeOk(consumerTag);
	}

	@Override
	public void handleCancelOk(String consumerTag) {
		this.channel.passingOn().begin();
		try {
			this.channel.giveBack(this.late);
			this.channel.cancelOk(() -> super.handleCancelOk(consumerTag));
		}
		finally {
			this.channel.passingOn().end();
			cancelled(consumerTag);
		}
	}

	/**
	 * What the consumer has in hand and has not begun to handle is not its own any more.
	 */
	@Override
	public void handleCancel(String consumerTag) throws IOException {
		this.channel.passingOn().begin();
		try {
			boolean inHand = this.channel.forsake(this, consumerTag);
			super.handleCancel(consumerTag);
			if (inHand) {
				handleShutdownSignal(consumerTag, new ShutdownSignalException(false, false,
						new AMQP.Basic.Cancel.Builder().consumerTag(consumerTag).build(), null));
			}
		}
		finally {
			this.channel.passingOn().end();
			cancelled(consumerTag);
		}
	}

	private void cancelled(String consumerTag) {
		this.cancelled = consumerTag;
		end();
		this.channel.ended(this, consumerTag);
	}

	/**
	 * Tell a consumer that was cancelled of the end of the channel: it may have messages
	 * in hand that it has not begun to handle.
	 */
	void closed(ShutdownSignalException signal) {
		String consumerTag = this.cancelled;
		if (consumerTag == null) {
			return;
		}
		try {
			handleShutdownSignal(consumerTag, signal);
		}
		catch (RuntimeException | Error ex) {
			logger.warn("Consumer '%s' failed when it was told that its channel is closed".formatted(consumerTag), ex);
		}
	}

	@Override
	public void handleShutdownSignal(String consumerTag, ShutdownSignalException signal) {
		if (this.shutDown.compareAndSet(false, true)) {
			super.handleShutdownSignal(consumerTag, signal);
		}
	}

	@Override
	public void handleDelivery(String consumerTag, Envelope envelope, AMQP.BasicProperties properties, byte[] body)
			throws IOException {
		if (!this.channel.deliver(this, envelope, properties)) {
			return;
		}
		if (this.cancelConfirmed && !this.channel.isTransacted()) {
			this.late.add(envelope.getDeliveryTag());
			return;
		}
		this.channel.passingOn().begin();
		try {
			super.handleDelivery(consumerTag, envelope, properties, body);
		}
		finally {
			this.channel.passingOn().end();
		}
	}

}
