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

import java.util.HashMap;

import com.rabbitmq.client.AMQP.BasicProperties;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageDeliveryMode;
import org.springframework.amqp.core.MessageProperties;
import org.springframework.integration.expression.FunctionExpression;

import dev.failover.template.FailoverTemplate;

/**
 * Message as the template of a binder would have written it.
 */
final class BinderMessage extends Message {

	private static final long serialVersionUID = 1L;

	private final boolean mandatory;

	BinderMessage(byte[] body, BasicProperties properties, boolean mandatory) {
		super(body, convert(properties));
		this.mandatory = mandatory;
	}

	boolean isMandatory() {
		return this.mandatory;
	}

	/**
	 * Have a template publish messages as they are.
	 */
	static void configure(FailoverTemplate template) {
		template.setObservationEnabled(false);
		template.setMandatoryExpression(new FunctionExpression<>(BinderMessage::isMandatory));
		template.setConfirmCallback(BinderCorrelation::confirm);
		template.setReturnsCallback((returned) -> {
			// The correlation of the message is told
		});
	}

	/**
	 * Spring's own converter is for messages that were received, where a delay is told
	 * apart, for example.
	 */
	private static MessageProperties convert(BasicProperties source) {
		MessageProperties target = new MessageProperties();
		if (source.getHeaders() != null) {
			target.setHeaders(new HashMap<>(source.getHeaders()));
		}
		target.setContentType(source.getContentType());
		target.setContentEncoding(source.getContentEncoding());
		target.setDeliveryMode(
				(source.getDeliveryMode() != null) ? MessageDeliveryMode.fromInt(source.getDeliveryMode()) : null);
		target.setPriority(source.getPriority());
		target.setCorrelationId(source.getCorrelationId());
		target.setReplyTo(source.getReplyTo());
		target.setExpiration(source.getExpiration());
		target.setMessageId(source.getMessageId());
		target.setTimestamp(source.getTimestamp());
		target.setType(source.getType());
		target.setUserId(source.getUserId());
		target.setAppId(source.getAppId());
		target.setClusterId(source.getClusterId());
		return target;
	}

}
