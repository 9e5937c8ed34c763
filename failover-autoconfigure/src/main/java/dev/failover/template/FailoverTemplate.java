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

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.Channel;
import io.micrometer.observation.ObservationRegistry;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.AmqpException;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageProperties;
import org.springframework.amqp.core.ReturnedMessage;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.connection.CorrelationData;
import org.springframework.amqp.rabbit.connection.PublisherCallbackChannel;
import org.springframework.amqp.rabbit.connection.RabbitResourceHolder;
import org.springframework.amqp.rabbit.core.CorrelationDataPostProcessor;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.amqp.rabbit.support.micrometer.RabbitTemplateObservationConvention;
import org.springframework.context.ApplicationContext;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import org.springframework.util.Assert;
import org.springframework.util.StringUtils;

import dev.failover.ensure.EnsurePolicy;
import dev.failover.ensure.EnsureScope;
import dev.failover.ensure.Ensurer;
import dev.failover.template.CapturingChannel.Captured;

/**
 * {@link RabbitTemplate} that publishes with failover: a send that returns has its
 * message on a broker.
 * <p>
 * Messages are published on one channel by a thread of the template, and every one is
 * waited for until the broker has confirmed it. If the broker is lost, what was not
 * confirmed is published again to the next one, with the same message id, in the order in
 * which it was handed over. A message may therefore arrive more than once, but no
 * confirmed message is lost. A send ends at the latest after the time-out of the
 * {@link PublishSettings}, with one of:
 * <ul>
 * <li>normally: the broker has confirmed the message;</li>
 * <li>{@link MessageReturnedException}: no queue is bound for it;</li>
 * <li>{@link PublishException}: it was not confirmed;
 * {@link PublishException#getOutcome()} tells whether it may have arrived.</li>
 * </ul>
 * <p>
 * Work that is bound to one channel is left to it: inside of
 * {@link #invoke(org.springframework.amqp.rabbit.core.RabbitOperations.OperationsCallback)}
 * and with a transacted channel, a send is Spring's own, is not confirmed one by one, and
 * is never repeated. The whole of it can be repeated by an {@code @Ensure} around it.
 * <p>
 * In a transaction of another resource, such as a database, a template whose channel is
 * transacted publishes as its {@link PublishInTransaction} tells: by default it holds its
 * messages, and publishes and confirms them just before the transaction commits, so that
 * a failure rolls it back.
 * <p>
 * Safe for use by any number of threads. Messages that one thread sends keep their order;
 * between threads there is none.
 */
public class FailoverTemplate extends EnsuredRabbitTemplate {

	private final MessageIds messageIds = new MessageIds();

	private final ConfirmedPublisher publisher;

	private final ConfirmExecutor confirms = new ConfirmExecutor();

	private final TransactionBinding transaction;

	private final SendObservations observations;

	private volatile boolean observationEnabled;

	private volatile boolean observationRegistryObtained;

	private volatile @Nullable ApplicationContext applicationContext;

	private @Nullable ConfirmCallback confirmCallback;

	private @Nullable ReturnsCallback returnsCallback;

	private @Nullable CorrelationDataPostProcessor correlationDataPostProcessor;

	/**
	 * Create a template. No connection is opened.
	 * @param connectionFactory the connection factory; its publisher connection factory
	 * is used where there is one
	 * @param ensurer retries what is not published, such as receiving
	 * @param policy the limits of all operations, those of publishing included
	 * @param settings how to publish
	 */
	public FailoverTemplate(ConnectionFactory connectionFactory, Ensurer ensurer, EnsurePolicy policy,
			PublishSettings settings) {
		super(connectionFactory, ensurer, policy);
		Assert.notNull(settings, "'settings' must not be null");
		ConnectionFactory publisherFactory = connectionFactory.getPublisherConnectionFactory();
		PublishSource source = new SpringPublishSource(
				(publisherFactory != null) ? publisherFactory : connectionFactory, ensurer.getBrokers(),
				ensurer.getReconnector());
		this.publisher = new ConfirmedPublisher(source, settings, policy.maxRetries());
		this.observations = new SendObservations(this.publisher::lastBroker);
		this.transaction = new TransactionBinding(this, connectionFactory, settings.inTransaction(),
				new TransactionEnd());
		setUsePublisherConnection(true);
		setMandatory(true);
	}

	@Override
	public void setConfirmCallback(ConfirmCallback confirmCallback) {
		super.setConfirmCallback(confirmCallback);
		this.confirmCallback = confirmCallback;
	}

	/**
	 * Set a callback for messages that are returned. Where there is one, it is told of a
	 * returned message, and the send does not throw.
	 */
	@Override
	public void setReturnsCallback(ReturnsCallback returnsCallback) {
		super.setReturnsCallback(returnsCallback);
		this.returnsCallback = returnsCallback;
	}

	@Override
	public void setCorrelationDataPostProcessor(CorrelationDataPostProcessor correlationDataPostProcessor) {
		super.setCorrelationDataPostProcessor(correlationDataPostProcessor);
		this.correlationDataPostProcessor = correlationDataPostProcessor;
	}

	@Override
	public void setApplicationContext(ApplicationContext applicationContext) {
		super.setApplicationContext(applicationContext);
		this.applicationContext = applicationContext;
	}

	@Override
	public void setBeanName(String name) {
		super.setBeanName(name);
		this.observations.templateName(name);
	}

	/**
	 * Set whether each send is observed, with the {@code ObservationRegistry} of the
	 * application context. The observation lasts until the message is confirmed or has
	 * failed, carries its failure, and has an event for each try; see
	 * {@link FailoverTemplateObservation}. Sends that are bound to a channel, requests
	 * and replies have Spring's own.
	 */
	@Override
	public void setObservationEnabled(boolean observationEnabled) {
		super.setObservationEnabled(observationEnabled);
		this.observationEnabled = observationEnabled;
	}

	/**
	 * Set what observations are called, and what keys they have, in place of
	 * {@link FailoverTemplateObservation.DefaultConvention}. It is given a
	 * {@link FailoverSenderContext} for what is published with failover.
	 */
	@Override
	public void setObservationConvention(RabbitTemplateObservationConvention observationConvention) {
		super.setObservationConvention(observationConvention);
		this.observations.convention(observationConvention);
	}

	/**
	 * What is prepared for the publisher is observed until it is confirmed, not until it
	 * is prepared.
	 */
	@Override
	protected void observeTheSend(Channel channel, Message message, boolean mandatory, String exch, String rKey) {
		if (channel instanceof CapturingChannel) {
			sendToRabbit(channel, exch, rKey, mandatory, message);
			return;
		}
		super.observeTheSend(channel, message, mandatory, exch, rKey);
	}

	private ObservationRegistry currentObservationRegistry() {
		if (this.observationEnabled && !this.observationRegistryObtained) {
			obtainObservationRegistry(this.applicationContext);
			this.observationRegistryObtained = true;
		}
		return getObservationRegistry();
	}

	/**
	 * Send a message, and wait until a broker has confirmed it.
	 * @param exchange the exchange, or {@code null} for the template's own
	 * @param routingKey the routing key, or {@code null} for the template's own
	 * @param message the message; it gets an id if it has none, and the sequence number
	 * of the channel that it was written to last
	 * @param correlationData completed with the confirm, and handed to the confirm
	 * callback, unless the post-processor of correlation data replaces it
	 * @throws MessageReturnedException if no queue is bound for the message, unless there
	 * is a returns callback
	 * @throws PublishException if no broker confirmed the message in time, unless there
	 * is a recovery callback, which is called with it
	 */
	@Override
	public void send(@Nullable String exchange, @Nullable String routingKey, Message message,
			@Nullable CorrelationData correlationData) throws AmqpException {
		HeldMessages held = heldMessages();
		if (held == null && isBoundToChannel()) {
			super.send(exchange, routingKey, message, correlationData);
			return;
		}
		OutgoingMessage outgoing = prepare(exchange, routingKey, message, correlationData,
				this.correlationDataPostProcessor);
		if (held != null && held.hold(outgoing)) {
			return;
		}
		AmqpException failure = await(outgoing, submit(outgoing, Long.MAX_VALUE));
		if (failure instanceof MessageReturnedException) {
			throw failure;
		}
		if (failure != null) {
			recover(failure);
		}
	}

	/**
	 * Return the messages that the current transaction holds, or {@code null} if it holds
	 * none, as is so inside of {@code invoke} on a channel that is not transacted.
	 */
	private @Nullable HeldMessages heldMessages() {
		boolean transacted = isChannelTransacted();
		return (isInvoking() && !transacted) ? null : this.transaction.current(transacted);
	}

	/**
	 * Have the channel that Spring is about to synchronize with the transaction of
	 * another resource commit with the messages that the transaction holds.
	 */
	@Override
	void joinTransaction() {
		if (isChannelTransacted()) {
			this.transaction.current(true);
		}
	}

	private Publication submit(OutgoingMessage message, long nanos) {
		long remaining = EnsureScope.remainingNanos(getEnsurePolicy().timeout().toNanos());
		Publication publication = message.publication(isRepeatable(), System.nanoTime() + Math.min(remaining, nanos));
		submit(message, publication);
		return publication;
	}

	private void submit(OutgoingMessage message, Publication publication) {
		try {
			this.publisher.submit(publication);
		}
		catch (RuntimeException | Error ex) {
			message.ended(ex);
			throw ex;
		}
	}

	private boolean isRepeatable() {
		return getEnsurePolicy().idempotent() && EnsureScope.isIdempotent();
	}

	/**
	 * Wait for the end of a message, and tell whoever wants to know.
	 * @return what its sender is to be told, or {@code null} if all is well
	 */
	private @Nullable AmqpException await(OutgoingMessage message, Publication publication) {
		AmqpException failure = await(publication);
		message.ended(failure);
		if (publication.tries() > 0) {
			EnsureScope.markSent();
			message.sequenceNumber(publication.sequenceNumber());
		}
		report(message.correlationData(), failure, publication.returned());
		return (failure instanceof MessageReturnedException && this.returnsCallback != null) ? null : failure;
	}

	static @Nullable AmqpException await(Publication publication) {
		try {
			publication.await();
			return null;
		}
		catch (AmqpException ex) {
			return ex;
		}
	}

	/**
	 * Send a message without waiting for the confirm. Blocks only while the maximum of
	 * messages is in flight already, at most until the time-out of the
	 * {@link PublishSettings} is over, or the rest of the time of an {@code @Ensure}
	 * around it: the future then fails with outcome {@link PublishOutcome#NOT_SENT}. Do
	 * not call it on an event loop.
	 * @param exchange the exchange, or {@code null} for the template's own
	 * @param routingKey the routing key, or {@code null} for the template's own
	 * @param message the message; it gets an id if it has none
	 * @return a future that always completes: with the confirmation, or exceptionally
	 * with a {@link MessageReturnedException} or a {@link PublishException}. Its
	 * dependents run on a thread of the template, where other futures complete one after
	 * the other, in the order of their confirms. One that blocks that thread, waiting for
	 * what was sent elsewhere for example, holds the others up for about a second; they
	 * are then completed on a further thread, before it has ended
	 * @throws IllegalStateException if the template is inside of {@code invoke} or its
	 * channel is transacted: such work ends with its channel; and within a transaction
	 * after which messages are published
	 */
	public CompletableFuture<Confirmation> sendAsync(@Nullable String exchange, @Nullable String routingKey,
			Message message) {
		Assert.state(!isBoundToChannel(), "sendAsync cannot be used inside of invoke or with a transacted channel");
		Assert.state(heldMessages() == null,
				"sendAsync cannot be used within a transaction if messages are published after its commit: use send");
		OutgoingMessage outgoing;
		try {
			outgoing = prepare(exchange, routingKey, message, null, null);
		}
		catch (PublishException ex) {
			return CompletableFuture.failedFuture(ex);
		}
		long remaining = EnsureScope.remainingNanos(getEnsurePolicy().timeout().toNanos());
		Publication publication = outgoing.publication(true, System.nanoTime() + remaining);
		SendTrace trace = outgoing.trace();
		CompletableFuture<Confirmation> confirmed = this.confirms.relay(publication.result(),
				(trace != null) ? new TracedFuture<>(trace) : new CompletableFuture<>());
		submit(outgoing, publication);
		EnsureScope.markSent();
		return confirmed;
	}

	/**
	 * Convert an object to a message and send it without waiting for the confirm.
	 * @param exchange the exchange, or {@code null} for the template's own
	 * @param routingKey the routing key, or {@code null} for the template's own
	 * @param object the object to convert
	 * @return the future of {@link #sendAsync(String, String, Message)}
	 */
	public CompletableFuture<Confirmation> convertAndSendAsync(@Nullable String exchange, @Nullable String routingKey,
			Object object) {
		return sendAsync(exchange, routingKey, convertMessageIfNecessary(object));
	}

	private Captured capture(@Nullable String exchange, @Nullable String routingKey, Message message,
			@Nullable CorrelationData correlationData) {
		MessageProperties properties = message.getMessageProperties();
		if (!StringUtils.hasLength(properties.getMessageId())) {
			properties.setMessageId(this.messageIds.next());
		}
		CapturingChannel channel = CapturingChannel.create();
		doSend(channel, exchange, routingKey, message, false, correlationData);
		return channel.captured();
	}

	private OutgoingMessage prepare(@Nullable String exchange, @Nullable String routingKey, Message message,
			@Nullable CorrelationData correlationData, @Nullable CorrelationDataPostProcessor processor) {
		Captured captured = capture(exchange, routingKey, message, correlationData);
		CorrelationData correlation = correlate(captured.message(), correlationData, processor);
		SendTrace trace = this.observations.start(currentObservationRegistry(), captured.exchange(),
				captured.routingKey(), captured.message());
		try {
			return prepare(captured, message, correlation, trace);
		}
		catch (RuntimeException | Error ex) {
			if (trace != null) {
				trace.end(ex);
			}
			throw ex;
		}
	}

	private OutgoingMessage prepare(Captured captured, Message message, @Nullable CorrelationData correlation,
			@Nullable SendTrace trace) {
		BasicProperties properties = getMessagePropertiesConverter()
			.fromMessageProperties(captured.message().getMessageProperties(), getEncoding());
		int headerSize = captured.check(properties);
		boolean mandatory = isMandatoryFor(message) && !DelayHeader.isSet(captured.message());
		return new OutgoingMessage(captured, properties, headerSize, captured.message().getBody(), mandatory,
				isRepeatable(), correlation, trace);
	}

	/**
	 * Do what Spring does for a channel with correlated confirms.
	 */
	private static @Nullable CorrelationData correlate(Message message, @Nullable CorrelationData correlationData,
			@Nullable CorrelationDataPostProcessor processor) {
		CorrelationData correlation = (processor != null) ? processor.postProcess(message, correlationData)
				: correlationData;
		if (correlation != null && StringUtils.hasText(correlation.getId())) {
			message.getMessageProperties()
				.setHeader(PublisherCallbackChannel.RETURNED_MESSAGE_CORRELATION_KEY, correlation.getId());
		}
		return correlation;
	}

	/**
	 * Whether a message is returned if no queue is bound for it. One with a delay is not:
	 * an exchange of type {@code x-delayed-message} returns whatever it delays.
	 */
	@Override
	public Boolean isMandatoryFor(Message message) {
		return super.isMandatoryFor(message) && !DelayHeader.isSet(message);
	}

	@Override
	protected void sendToRabbit(Channel channel, String exchange, String routingKey, boolean mandatory,
			Message message) {
		if (channel instanceof CapturingChannel capturing) {
			capturing.capture(new Captured(exchange, routingKey, message));
			return;
		}
		super.sendToRabbit(channel, exchange, routingKey, mandatory, message);
	}

	/**
	 * What is prepared for a later time commits nothing.
	 */
	@Override
	protected boolean isChannelLocallyTransacted(Channel channel) {
		return !(channel instanceof CapturingChannel) && super.isChannelLocallyTransacted(channel);
	}

	private void report(@Nullable CorrelationData correlationData, @Nullable AmqpException failure,
			@Nullable ReturnedMessage returned) {
		boolean ack = failure == null || returned != null;
		String reason = (failure != null && returned == null) ? failure.getMessage() : null;
		ReturnsCallback returns = this.returnsCallback;
		if (returned != null && returns != null) {
			call(() -> returns.returnedMessage(returned));
		}
		if (correlationData != null) {
			if (returned != null) {
				correlationData.setReturned(returned);
			}
			correlationData.getFuture().complete(new CorrelationData.Confirm(ack, reason));
		}
		ConfirmCallback confirms = this.confirmCallback;
		if (confirms != null) {
			call(() -> confirms.confirm(correlationData, ack, reason));
		}
	}

	/**
	 * A callback that throws does not change what has become of the message.
	 */
	private void call(Runnable callback) {
		try {
			callback.run();
		}
		catch (Throwable ex) {
			this.logger.error("Callback of a template failed", ex);
		}
	}

	/**
	 * Return what this template has in hand at the moment.
	 * @return how many messages are not confirmed yet, and how many senders wait
	 */
	public PublishStatus getPublishStatus() {
		return this.publisher.status();
	}

	/**
	 * Add an observer of what is published. Where there is none, nothing is observed.
	 * @param observer the observer
	 */
	public void addObserver(PublishObserver observer) {
		Assert.notNull(observer, "'observer' must not be null");
		this.publisher.addObserver(observer);
	}

	/**
	 * Wait for outstanding confirms, for the shutdown time-out at most, and end what is
	 * left with a {@link PublishException}.
	 */
	@Override
	public void destroy() {
		this.publisher.close();
		this.confirms.close(Duration.ofSeconds(1));
		super.destroy();
	}

	/**
	 * Publishes what a transaction has held.
	 */
	private final class TransactionEnd implements HeldMessagePublisher {

		@Override
		public List<RuntimeException> publish(List<OutgoingMessage> messages, long nanos) {
			List<Publication> publications = messages.stream().map((message) -> submit(message, nanos)).toList();
			List<RuntimeException> failures = new ArrayList<>();
			for (int i = 0; i < publications.size(); i++) {
				AmqpException failure = await(messages.get(i), publications.get(i));
				if (failure != null) {
					failures.add(failure);
				}
			}
			if (failures.isEmpty() && isChannelTransacted()) {
				commitChannel(failures);
			}
			return failures;
		}

		/**
		 * Commit what was written to the channel that is synchronized with the
		 * transaction. Spring acknowledges on it what was received, after the
		 * transaction.
		 */
		private void commitChannel(List<RuntimeException> failures) {
			RabbitResourceHolder holder = (RabbitResourceHolder) TransactionSynchronizationManager
				.getResource(getConnectionFactory());
			Channel channel = (holder != null && holder.isReleaseAfterCompletion()) ? holder.getChannel() : null;
			if (channel == null) {
				return;
			}
			try {
				channel.txCommit();
			}
			catch (IOException | RuntimeException ex) {
				failures.add(convertRabbitAccessException(ex));
			}
		}

		@Override
		public void rolledBack(OutgoingMessage message) {
			PublishException failure = new PublishException("The transaction was rolled back", PublishOutcome.NOT_SENT,
					message.messageId(), null);
			message.ended(failure);
			report(message.correlationData(), failure, null);
		}

	}

}
