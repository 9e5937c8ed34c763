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

package dev.failover.ensure;

import javax.net.ssl.SSLException;

import com.rabbitmq.client.MissedHeartbeatException;
import com.rabbitmq.client.ShutdownSignalException;
import org.jspecify.annotations.Nullable;

import dev.failover.broker.FailureReason;
import dev.failover.failure.ClientOperation;
import dev.failover.failure.ClientOperation.Part;
import dev.failover.failure.CloseReason;

/**
 * Verdicts on connections and channels that were shut down.
 */
final class ShutdownVerdicts {

	private static final FailureVerdict ONCE_MORE = new FailureVerdict(FailureAction.SAME_BROKER_ONCE,
			FailureReason.CONNECTION_CLOSED, false);

	private ShutdownVerdicts() {
	}

	/**
	 * Classify the end of a connection or channel.
	 * @param signal how it ended
	 * @param failure what was thrown for it, of which the signal is a cause
	 */
	static FailureVerdict classify(ShutdownSignalException signal, Throwable failure) {
		CloseReason reason = CloseReason.of(signal);
		if (reason != null) {
			return of(reason, (reason.isOfConnection()) ? ClientOperation.partIn(failure, signal) : Part.POSSIBLE);
		}
		boolean lost = signal.isHardError() && !(signal.getCause() instanceof RuntimeException);
		return lost ? FailureVerdict.nextBroker(lossReason(signal.getCause())) : FailureVerdict.SAME_BROKER;
	}

	private static FailureVerdict of(CloseReason reason, Part part) {
		return switch (reason.getVerdict()) {
			case BROKER, MAINTENANCE, LOGIN -> FailureVerdict.nextBroker(reason.getReason());
			case LIMIT -> (reason == CloseReason.CONNECTION_LIMIT)
					? new FailureVerdict(FailureAction.SAME_BROKER, reason.getReason(), true) : ofOperation(part);
			case QUEUE, CHANNEL, CONNECTION, CREDENTIALS -> new FailureVerdict(FailureAction.SAME_BROKER,
					FailureReason.CONNECTION_LOST, reason == CloseReason.NO_REPLY_CONSUMER);
			case OPERATION -> ofOperation(part);
			case PERMISSION, MISTAKE -> (part == Part.POSSIBLE) ? FailureVerdict.NEVER : ofOperation(part);
		};
	}

	private static FailureVerdict ofOperation(Part part) {
		return (part == Part.NONE) ? FailureVerdict.SAME_BROKER : ONCE_MORE;
	}

	private static FailureReason lossReason(@Nullable Throwable cause) {
		if (cause instanceof MissedHeartbeatException) {
			return FailureReason.TIMEOUT;
		}
		return (cause instanceof SSLException) ? FailureReason.TLS : FailureReason.CONNECTION_LOST;
	}

}
