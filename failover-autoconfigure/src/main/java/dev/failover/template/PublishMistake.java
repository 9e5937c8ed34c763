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

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

import com.rabbitmq.client.ShutdownSignalException;
import org.jspecify.annotations.Nullable;

import dev.failover.failure.ClientOperation;
import dev.failover.failure.CloseReason;

/**
 * Finds the message for which a broker closed the channel. The protocol tells only that
 * it is one of the unconfirmed (AMQP 0-9-1, channel.close: class and method, but no
 * sequence number), so that the suspects are published one at a time until one is left.
 */
final class PublishMistake {

	private PublishMistake() {
	}

	/**
	 * Sort messages for publishing them again: those above suspicion first. A message
	 * that is proven guilty ends; one that was not written is above suspicion. When the
	 * whole connection was closed, it may be for what was done on another channel, so
	 * that a message is guilty only the second time, and none is if the broker names
	 * another operation.
	 * @param denied takes a message that the user may not publish at the moment, but
	 * could before: it is neither published again at once, nor does it end
	 * @return the messages that remain
	 */
	static List<Publication> sort(List<Publication> unconfirmed, PublishChannel lost, Consumer<Publication> denied) {
		ShutdownSignalException reason = lost.closedBy();
		String text = (reason != null) ? mistake(reason) : null;
		if (reason == null || text == null) {
			return unconfirmed;
		}
		List<Publication> suspects = suspects(
				unconfirmed.stream().filter((publication) -> !lost.isUnwritten(publication)).toList(), text);
		if (suspects.size() == 1 && (!reason.isHardError() || suspects.get(0).isSuspect())) {
			Publication guilty = suspects.get(0);
			guilty.refused(reason);
			if (isPassing(guilty, reason, lost)) {
				List<Publication> others = new ArrayList<>(unconfirmed);
				others.remove(guilty);
				guilty.suspect();
				denied.accept(guilty);
				return others;
			}
			guilty.fail("The broker refused the message: %s%s".formatted(text, destination(guilty, reason)));
		}
		suspects.forEach(Publication::suspect);
		List<Publication> sorted = new ArrayList<>(unconfirmed);
		sorted.removeAll(suspects);
		suspects.stream().filter((publication) -> !publication.isDone()).forEach(sorted::add);
		return sorted;
	}

	/**
	 * A permission that the user had a moment ago is waited for.
	 */
	private static boolean isPassing(Publication guilty, ShutdownSignalException reason, PublishChannel lost) {
		return CloseReason.of(reason) == CloseReason.PERMISSION_DENIED && lost.hasConfirmed(guilty.exchange());
	}

	/**
	 * What closes a channel names the exchange, what closes a connection need not.
	 */
	private static String destination(Publication guilty, ShutdownSignalException reason) {
		return reason.isHardError()
				? " (exchange '%s', routing key '%s')".formatted(guilty.exchange(), guilty.routingKey()) : "";
	}

	private static List<Publication> suspects(List<Publication> written, String text) {
		List<Publication> named = written.stream()
			.filter((publication) -> text.contains("exchange '" + publication.exchange() + "'"))
			.toList();
		return named.isEmpty() ? written : named;
	}

	private static @Nullable String mistake(ShutdownSignalException signal) {
		CloseReason reason = signal.isInitiatedByApplication() ? null : CloseReason.of(signal);
		if (reason == null) {
			return null;
		}
		boolean mistake = switch (reason.getVerdict()) {
			case PERMISSION, MISTAKE -> true;
			case OPERATION -> reason.isOfConnection();
			default -> false;
		};
		ClientOperation operation = ClientOperation.named(signal);
		boolean published = operation == null || operation == ClientOperation.BASIC_PUBLISH;
		return (mistake && (published || !reason.isOfConnection())) ? CloseReason.text(signal) : null;
	}

}
