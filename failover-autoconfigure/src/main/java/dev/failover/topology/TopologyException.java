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

import java.io.IOException;

import com.rabbitmq.client.ShutdownSignalException;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.core.Declarable;
import org.springframework.amqp.rabbit.core.DeclarationExceptionEvent;

import dev.failover.failure.ClientOperation;
import dev.failover.failure.CloseReason;

/**
 * A broker refused a declaration. What was thrown is suppressed and not the cause, as it
 * tells of a channel or connection that was lost, while nothing but the declaration was
 * wrong.
 */
final class TopologyException extends IOException {

	private TopologyException(String message, Throwable thrown) {
		super(message);
		addSuppressed(thrown);
	}

	/**
	 * Return the refusal that an exception stands for.
	 * @param broker the name of the broker
	 * @param thrown what was thrown by a declaration
	 * @param event the last declaration that failed, or {@code null}
	 * @return the refusal, or {@code null} if the broker refused nothing
	 */
	static @Nullable TopologyException of(String broker, Throwable thrown, @Nullable DeclarationExceptionEvent event) {
		ShutdownSignalException signal = signal(thrown);
		String text = (signal != null) ? refusal(signal) : mistake(thrown);
		if (text == null) {
			return null;
		}
		Declarable declarable = (event != null && isCause(event.getThrowable(), thrown)) ? event.getDeclarable() : null;
		return new TopologyException(message(Declaration.describe(declarable), broker, text), thrown);
	}

	/**
	 * Return the refusal of a declaration.
	 */
	static TopologyException of(String broker, Declaration declaration, Throwable thrown) {
		return new TopologyException(message(declaration.description(), broker, reason(thrown)), thrown);
	}

	private static String message(String what, String broker, String text) {
		return "%s cannot be declared on broker '%s': %s".formatted(what, broker, text);
	}

	/**
	 * Return whether the broker can do nothing about a declaration at the moment, while
	 * it works otherwise: the queue cannot be used now, or the broker closes each
	 * connection that declares it.
	 */
	static boolean isPassing(Throwable thrown) {
		ShutdownSignalException signal = signal(thrown);
		CloseReason reason = (signal != null) ? CloseReason.of(signal) : null;
		if (signal == null || reason == null) {
			return false;
		}
		return switch (reason.getVerdict()) {
			case QUEUE -> true;
			case OPERATION -> isDeclaration(ClientOperation.named(signal));
			default -> false;
		};
	}

	private static boolean isDeclaration(@Nullable ClientOperation operation) {
		return operation == null || operation == ClientOperation.QUEUE_DECLARE
				|| operation == ClientOperation.QUEUE_BIND || operation == ClientOperation.EXCHANGE_DECLARE
				|| operation == ClientOperation.EXCHANGE_BIND;
	}

	/**
	 * Return whether the broker refuses a declaration, or the client does.
	 */
	static boolean isRefusal(Throwable thrown) {
		ShutdownSignalException signal = signal(thrown);
		return ((signal != null) ? refusal(signal) : mistake(thrown)) != null;
	}

	/**
	 * Return why a declaration failed, as a broker says it.
	 */
	static String reason(Throwable thrown) {
		ShutdownSignalException signal = signal(thrown);
		String text = (signal != null) ? refusal(signal) : mistake(thrown);
		return (text != null) ? text : "the connection was lost";
	}

	/**
	 * Return whether the queue is locked: the connection that declared it for itself is
	 * still there.
	 */
	static boolean isLocked(Throwable thrown) {
		ShutdownSignalException signal = signal(thrown);
		return signal != null && CloseReason.of(signal) == CloseReason.RESOURCE_LOCKED;
	}

	private static @Nullable ShutdownSignalException signal(Throwable thrown) {
		for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
			if (cause instanceof ShutdownSignalException signal) {
				return signal;
			}
		}
		return null;
	}

	/**
	 * Whether something is closed for what the broker was told, and not for a reason of
	 * its own.
	 */
	private static @Nullable String refusal(ShutdownSignalException signal) {
		CloseReason reason = CloseReason.of(signal);
		if (reason == null || (reason.isOfConnection() && !isForWhatWasDeclared(reason))) {
			return null;
		}
		return "%d %s".formatted(CloseReason.code(signal), CloseReason.text(signal));
	}

	private static boolean isForWhatWasDeclared(CloseReason reason) {
		return switch (reason.getVerdict()) {
			case OPERATION, MISTAKE, PERMISSION, LIMIT, LOGIN -> true;
			default -> false;
		};
	}

	/**
	 * What the client refuses itself, such as a name that is too long.
	 */
	private static @Nullable String mistake(Throwable thrown) {
		for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
			if (cause instanceof IllegalArgumentException) {
				return cause.getMessage();
			}
		}
		return null;
	}

	private static boolean isCause(@Nullable Throwable candidate, Throwable thrown) {
		for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
			if (cause == candidate) {
				return true;
			}
		}
		return false;
	}

}
