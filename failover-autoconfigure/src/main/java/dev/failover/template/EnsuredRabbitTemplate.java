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

package dev.failover.template;

import java.util.Collection;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.GetResponse;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.AmqpException;
import org.springframework.amqp.AmqpRejectAndDontRequeueException;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageBuilder;
import org.springframework.amqp.core.MessagePostProcessor;
import org.springframework.amqp.core.MessageProperties;
import org.springframework.amqp.core.ReceiveAndReplyCallback;
import org.springframework.amqp.core.ReplyToAddressCallback;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.connection.CorrelationData;
import org.springframework.amqp.rabbit.core.ChannelCallback;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.amqp.rabbit.support.RabbitExceptionTranslator;
import org.springframework.core.retry.RetryTemplate;
import org.springframework.expression.Expression;
import org.springframework.util.Assert;

import dev.failover.ensure.EnsurePolicy;
import dev.failover.ensure.EnsureScope;
import dev.failover.ensure.EnsuredWork;
import dev.failover.ensure.Ensurer;
import dev.failover.template.Request.LostReply;

/**
 * {@link RabbitTemplate} whose operations are retried when the broker is lost, unless
 * they are bound to a channel: inside of {@code invoke}, or with a transacted channel.
 */
public abstract class EnsuredRabbitTemplate extends RabbitTemplate {

	/**
	 * Not enough to have a consumer started.
	 */
	private static final long SHORT_WAIT_MILLIS = 500;

	private final ThreadLocal<@Nullable Boolean> invoking = new ThreadLocal<>();

	private final Ensurer ensurer;

	private final EnsurePolicy policy;

	private final ConnectionFactory connectionFactory;

	private final ThreadLocal<@Nullable Boolean> ensuring = new ThreadLocal<>();

	private volatile @Nullable RecoveryCallback recoveryCallback;

	EnsuredRabbitTemplate(ConnectionFactory connectionFactory, Ensurer ensurer, EnsurePolicy policy) {
		super(connectionFactory);
		this.connectionFactory = connectionFactory;
		Assert.notNull(ensurer, "'ensurer' must not be null");
		Assert.notNull(policy, "'policy' must not be null");
		this.ensurer = ensurer;
		this.policy = policy;
	}

	final EnsurePolicy getEnsurePolicy() {
		return this.policy;
	}

	/**
	 * Do work, and retry it with the template's own policy as an {@code @Ensure} method
	 * would be.
	 * @param <T> the type of the result
	 * @param <E> the type of the checked exceptions of the work, if any
	 * @param work the work
	 * @return the result of the try that succeeded
	 * @throws E what the work threw last
	 */
	public <T extends @Nullable Object, E extends Throwable> T ensure(EnsuredWork<T, E> work) throws E {
		return ensure(this.policy, work);
	}

	/**
	 * Do work, and retry it with the given policy as an {@code @Ensure} method would be.
	 * @param <T> the type of the result
	 * @param <E> the type of the checked exceptions of the work, if any
	 * @param policy the limits
	 * @param work the work
	 * @return the result of the try that succeeded
	 * @throws E what the work threw last
	 */
	public <T extends @Nullable Object, E extends Throwable> T ensure(EnsurePolicy policy, EnsuredWork<T, E> work)
			throws E {
		return this.ensurer.execute(policy, work);
	}

	/**
	 * Do work with a channel. If the broker or the channel is lost, the work is done
	 * again with a new channel, unless it is bound to one.
	 */
	@Override
	public <T extends @Nullable Object> T execute(ChannelCallback<T> action) {
		return ensured(() -> super.execute(action));
	}

	/**
	 * Receive a message if there is one. It is acknowledged when it has arrived, so that
	 * it is not lost with the connection; it may be received again then.
	 */
	@Override
	protected @Nullable Message doReceiveNoWait(String queueName) {
		if (isBoundToChannel()) {
			joinTransaction();
			return super.doReceiveNoWait(queueName);
		}
		Message message = this.<@Nullable Message>execute((channel) -> {
			GetResponse response = channel.basicGet(queueName, false);
			if (response == null) {
				return null;
			}
			EnsureScope.markSent();
			channel.basicAck(response.getEnvelope().getDeliveryTag(), false);
			return received(response);
		});
		logReceived("Received: ", message);
		return message;
	}

	private Message received(GetResponse response) {
		MessageProperties properties = getMessagePropertiesConverter().toMessageProperties(response.getProps(),
				response.getEnvelope(), getEncoding());
		properties.setMessageCount(response.getMessageCount());
		Message message = new Message(response.getBody(), properties);
		Collection<MessagePostProcessor> processors = getAfterReceivePostProcessors();
		if (processors != null) {
			for (MessagePostProcessor processor : processors) {
				message = processor.postProcessMessage(message);
			}
		}
		return message;
	}

	/**
	 * Receive a message, and wait for one. The time-out is that of the whole call: if the
	 * broker is lost, what is left of it is waited for on the next one, where a message
	 * that is there already is received in any case.
	 */
	@Override
	public @Nullable Message receive(String queueName, long timeoutMillis) {
		long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
		AtomicBoolean again = new AtomicBoolean();
		return this.<@Nullable Message>ensured(() -> {
			long millis = timeoutMillis;
			if (again.getAndSet(true) && timeoutMillis >= 0) {
				millis = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
			}
			if (millis < SHORT_WAIT_MILLIS && millis != timeoutMillis) {
				return doReceiveNoWait(queueName);
			}
			Message message = super.receive(queueName, millis);
			if (message != null) {
				EnsureScope.markSent();
			}
			return message;
		});
	}

	@Override
	public <R, S> boolean receiveAndReply(String queueName, ReceiveAndReplyCallback<R, S> callback,
			ReplyToAddressCallback<S> replyToAddressCallback) throws AmqpException {
		return ensured(() -> super.receiveAndReply(queueName, callback, replyToAddressCallback));
	}

	/**
	 * Send a request and wait for the reply. If the broker is lost meanwhile, the wait
	 * ends at once, and the request is sent again with another correlation: a reply to
	 * the first one that still arrives is dropped.
	 */
	@Override
	protected @Nullable Message doSendAndReceive(@Nullable String exchange, @Nullable String routingKey,
			Message message, @Nullable CorrelationData correlationData) {
		try {
			return this.<@Nullable Message>ensured(() -> {
				try (Request request = new Request(message, this::lose)) {
					return super.doSendAndReceive(exchange, routingKey, request, correlationData);
				}
			});
		}
		finally {
			EnsureScope.markSent();
		}
	}

	/**
	 * Request on a channel that Spring itself watches.
	 */
	@Override
	protected @Nullable Message doSendAndReceiveWithTemporary(@Nullable String exchange, @Nullable String routingKey,
			Message message, @Nullable CorrelationData correlationData) {
		Message request = MessageBuilder.fromMessage(message).build();
		return super.doSendAndReceiveWithTemporary(exchange, routingKey, request, correlationData);
	}

	@Override
	public void doSend(Channel channel, @Nullable String exchange, @Nullable String routingKey, Message message,
			boolean mandatory, @Nullable CorrelationData correlationData) {
		if (message instanceof Request request) {
			request.watch(channel);
		}
		else if (!(channel instanceof CapturingChannel)) {
			EnsureScope.markSent();
		}
		super.doSend(channel, exchange, routingKey, message, mandatory, correlationData);
	}

	private void lose(LostReply lost) {
		try {
			super.onMessage(lost, null);
		}
		catch (AmqpRejectAndDontRequeueException ex) {
			this.logger.debug("The reply came before its channel was lost", ex);
		}
	}

	/**
	 * Called for each reply before anything else is done with it.
	 */
	@Override
	protected void logReceived(String prefix, @Nullable Message message) {
		if (message instanceof LostReply lost) {
			throw RabbitExceptionTranslator.convertRabbitAccessException(lost.cause());
		}
		super.logReceived(prefix, message);
	}

	private <T extends @Nullable Object> T ensured(EnsuredWork<T, RuntimeException> work) {
		if (isBoundToChannel()) {
			joinTransaction();
			return work.run();
		}
		return (this.recoveryCallback != null && this.ensuring.get() == null) ? recovered(work) : ensure(work);
	}

	/**
	 * Only the whole operation is recovered from, not what it consists of.
	 */
	@SuppressWarnings({ "unchecked", "NullAway" })
	private <T extends @Nullable Object> T recovered(EnsuredWork<T, RuntimeException> work) {
		AmqpException failure;
		this.ensuring.set(Boolean.TRUE);
		try {
			return ensure(work);
		}
		catch (AmqpException ex) {
			failure = ex;
		}
		finally {
			this.ensuring.remove();
		}
		return (T) recover(failure);
	}

	/**
	 * Hand a failure to the recovery callback.
	 * @return what the callback returned
	 * @throws AmqpException the failure, if there is no callback
	 */
	final @Nullable Object recover(AmqpException failure) {
		RecoveryCallback callback = this.recoveryCallback;
		if (callback == null) {
			throw failure;
		}
		return callback.recover(failure);
	}

	/**
	 * Set a callback that is called at the end of each operation that failed, with its
	 * exception, and whose result takes the place of that of the operation. No retry
	 * template is needed for it. It is not called for work that is bound to a channel.
	 */
	@Override
	public void setRecoveryCallback(RecoveryCallback recoveryCallback) {
		this.recoveryCallback = recoveryCallback;
	}

	/**
	 * Has no effect but a warning: this template repeats what fails because of a broker
	 * by itself, within the limits of its {@link EnsurePolicy}.
	 */
	@Override
	public void setRetryTemplate(RetryTemplate retryTemplate) {
		this.logger
			.warn("The retry template of spring.rabbitmq.template.retry.* or setRetryTemplate is not used, because "
					+ "a FailoverTemplate repeats what fails because of a broker by itself: set failover.ensure.timeout, "
					+ "failover.ensure.max-retries and failover.ensure.interval.* in its place");
	}

	/**
	 * Not supported: a broker is chosen by failover, not by message.
	 * @throws UnsupportedOperationException always
	 */
	@Override
	public void setSendConnectionFactorySelectorExpression(Expression expression) {
		throw noSelector("sendConnectionFactorySelectorExpression");
	}

	/**
	 * Not supported: a broker is chosen by failover, not by message.
	 * @throws UnsupportedOperationException always
	 */
	@Override
	public void setReceiveConnectionFactorySelectorExpression(Expression expression) {
		throw noSelector("receiveConnectionFactorySelectorExpression");
	}

	private static UnsupportedOperationException noSelector(String property) {
		return new UnsupportedOperationException("'" + property
				+ "' is not supported by FailoverTemplate, which always "
				+ "uses the broker that failover has chosen: use a RabbitTemplate of your own for a routing connection factory");
	}

	/**
	 * Check that the template still has the connection factory that it was created with.
	 * @throws IllegalStateException if {@code setConnectionFactory} was called with
	 * another one
	 */
	@Override
	public void afterPropertiesSet() {
		super.afterPropertiesSet();
		Assert.state(getConnectionFactory() == this.connectionFactory,
				"The connection factory of a FailoverTemplate cannot be replaced, because messages are published with "
						+ "the one that it was created with: create another FailoverTemplate in place of calling setConnectionFactory");
	}

	/**
	 * Called before work on a channel that is not the template's to repeat.
	 */
	abstract void joinTransaction();

	@Override
	public <T extends @Nullable Object> T invoke(OperationsCallback<T> action,
			com.rabbitmq.client.@Nullable ConfirmCallback acks, com.rabbitmq.client.@Nullable ConfirmCallback nacks) {
		boolean outermost = this.invoking.get() == null;
		this.invoking.set(Boolean.TRUE);
		try {
			joinTransaction();
			return super.invoke(action, acks, nacks);
		}
		finally {
			if (outermost) {
				this.invoking.remove();
			}
		}
	}

	final boolean isBoundToChannel() {
		return isChannelTransacted() || isInvoking();
	}

	final boolean isInvoking() {
		return this.invoking.get() != null;
	}

}
