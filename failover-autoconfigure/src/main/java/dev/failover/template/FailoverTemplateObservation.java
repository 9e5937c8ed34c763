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

import java.util.Locale;

import io.micrometer.common.KeyValue;
import io.micrometer.common.KeyValues;
import io.micrometer.common.docs.KeyName;
import io.micrometer.observation.Observation.Context;
import io.micrometer.observation.Observation.Event;
import io.micrometer.observation.ObservationConvention;
import io.micrometer.observation.docs.ObservationDocumentation;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.rabbit.support.micrometer.RabbitMessageSenderContext;
import org.springframework.amqp.rabbit.support.micrometer.RabbitTemplateObservation.DefaultRabbitTemplateObservationConvention;
import org.springframework.amqp.rabbit.support.micrometer.RabbitTemplateObservation.TemplateLowCardinalityTags;
import org.springframework.util.StringUtils;

import dev.failover.broker.Broker;

/**
 * Observation of what a {@link FailoverTemplate} sends and waits for. It has the name of
 * Spring's own, and the same keys of low cardinality: meters of one name must have the
 * same keys, and a plain template beside this one, or a send inside of {@code invoke},
 * has Spring's. All else is of high cardinality, for spans.
 */
public enum FailoverTemplateObservation implements ObservationDocumentation {

	/**
	 * A message, from the call of its sender until it is confirmed or has failed.
	 */
	SEND {

		@Override
		public Class<? extends ObservationConvention<? extends Context>> getDefaultConvention() {
			return DefaultConvention.class;
		}

		@Override
		public KeyName[] getLowCardinalityKeyNames() {
			return TemplateLowCardinalityTags.values();
		}

		@Override
		public KeyName[] getHighCardinalityKeyNames() {
			return HighCardinalityKeys.values();
		}

		@Override
		public Event[] getEvents() {
			return Events.values();
		}

	};

	/**
	 * Keys of high cardinality. Those that do not begin with {@code failover} are of the
	 * OpenTelemetry conventions for messaging, version 1.44.
	 */
	public enum HighCardinalityKeys implements KeyName {

		/**
		 * Always {@code rabbitmq}.
		 */
		SYSTEM("messaging.system"),

		/**
		 * Always {@code publish}.
		 */
		OPERATION_NAME("messaging.operation.name"),

		/**
		 * Always {@code send}.
		 */
		OPERATION_TYPE("messaging.operation.type"),

		/**
		 * Message id.
		 */
		MESSAGE_ID("messaging.message.id"),

		/**
		 * Correlation id, if the message has one.
		 */
		CONVERSATION_ID("messaging.message.conversation_id"),

		/**
		 * Size of the body in bytes.
		 */
		BODY_SIZE("messaging.message.body.size"),

		/**
		 * Host of the broker that the message was written to last.
		 */
		SERVER_ADDRESS("server.address"),

		/**
		 * Port of the broker that the message was written to last.
		 */
		SERVER_PORT("server.port"),

		/**
		 * Class of the exception, if the message was not confirmed.
		 */
		ERROR_TYPE("error.type"),

		/**
		 * Name of the broker that the message was written to last.
		 */
		BROKER("failover.broker"),

		/**
		 * How often the message was written to a connection.
		 */
		TRIES("failover.tries"),

		/**
		 * What has become of the message: {@code confirmed}, or one of
		 * {@link PublishOutcome} in lower case.
		 */
		OUTCOME("failover.outcome");

		private final String key;

		HighCardinalityKeys(String key) {
			this.key = key;
		}

		@Override
		public String asString() {
			return this.key;
		}

	}

	/**
	 * What happens while a message is on its way.
	 */
	public enum Events implements Event {

		/**
		 * The message is written to a connection.
		 */
		TRY("failover.try", "try %d on %s"),

		/**
		 * The message is about to be written to another broker than the one that the
		 * template had published to before. Comes before the event of that try.
		 */
		SWITCH("failover.switch", "switch from %s to %s");

		private final String name;

		private final String contextualName;

		Events(String name, String contextualName) {
			this.name = name;
			this.contextualName = contextualName;
		}

		@Override
		public String getName() {
			return this.name;
		}

		@Override
		public String getContextualName() {
			return this.contextualName;
		}

	}

	/**
	 * Convention that is used if there is no other: names and keys of low cardinality are
	 * Spring's, those of high cardinality as {@link HighCardinalityKeys} tells.
	 */
	public static class DefaultConvention extends DefaultRabbitTemplateObservationConvention {

		/**
		 * A shared instance.
		 */
		public static final DefaultConvention INSTANCE = new DefaultConvention();

		@Override
		public KeyValues getHighCardinalityKeyValues(RabbitMessageSenderContext context) {
			KeyValues values = KeyValues.of(HighCardinalityKeys.SYSTEM.withValue("rabbitmq"),
					HighCardinalityKeys.OPERATION_NAME.withValue("publish"),
					HighCardinalityKeys.OPERATION_TYPE.withValue("send"));
			return (context instanceof FailoverSenderContext known) ? values.and(ofMessage(known)).and(ofResult(known))
					: values;
		}

		private static KeyValues ofMessage(FailoverSenderContext context) {
			KeyValues values = KeyValues
				.of(HighCardinalityKeys.BODY_SIZE.withValue(Integer.toString(context.getMessage().getBody().length)));
			values = and(values, HighCardinalityKeys.MESSAGE_ID,
					context.getMessage().getMessageProperties().getMessageId());
			return and(values, HighCardinalityKeys.CONVERSATION_ID,
					context.getMessage().getMessageProperties().getCorrelationId());
		}

		private static KeyValues ofResult(FailoverSenderContext context) {
			KeyValues values = KeyValues.of(HighCardinalityKeys.TRIES.withValue(Integer.toString(context.getTries())));
			Broker broker = context.getBroker();
			if (broker != null) {
				values = values.and(HighCardinalityKeys.BROKER.withValue(broker.name()),
						HighCardinalityKeys.SERVER_ADDRESS.withValue(broker.host()),
						HighCardinalityKeys.SERVER_PORT.withValue(Integer.toString(broker.port())));
			}
			Throwable error = context.getError();
			values = and(values, HighCardinalityKeys.ERROR_TYPE, (error != null) ? error.getClass().getName() : null);
			PublishOutcome outcome = context.getOutcome();
			String result = (outcome != null) ? outcome.name().toLowerCase(Locale.ROOT) : null;
			return and(values, HighCardinalityKeys.OUTCOME, context.isConfirmed() ? "confirmed" : result);
		}

		private static KeyValues and(KeyValues values, KeyName key, @Nullable String value) {
			return StringUtils.hasLength(value) ? values.and(KeyValue.of(key, value)) : values;
		}

	}

	/**
	 * Convention that follows OpenTelemetry's version 1.44 also where Spring's names
	 * differ: the name of the span is {@code publish} and the destination, which is
	 * exchange and routing key with a colon between, or {@code amq.default} if both are
	 * empty. Meters keep Spring's values.
	 */
	public static class OpenTelemetryConvention extends DefaultConvention {

		/**
		 * A shared instance.
		 */
		public static final OpenTelemetryConvention INSTANCE = new OpenTelemetryConvention();

		@Override
		public KeyValues getHighCardinalityKeyValues(RabbitMessageSenderContext context) {
			return super.getHighCardinalityKeyValues(context)
				.and(TemplateLowCardinalityTags.EXCHANGE.withValue(destination(context)));
		}

		@Override
		public String getContextualName(RabbitMessageSenderContext context) {
			return "publish " + destination(context);
		}

		private static String destination(RabbitMessageSenderContext context) {
			String exchange = context.getExchange();
			String routingKey = context.getRoutingKey();
			if (exchange.isEmpty() && routingKey.isEmpty()) {
				return "amq.default";
			}
			return exchange + ((exchange.isEmpty() || routingKey.isEmpty()) ? "" : ":") + routingKey;
		}

	}

}
