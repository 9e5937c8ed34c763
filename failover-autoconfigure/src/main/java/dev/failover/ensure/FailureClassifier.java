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

import com.rabbitmq.client.Channel;
import org.jspecify.annotations.Nullable;

/**
 * Tells what can cure a failure. An implementation is called by any number of threads,
 * only after something failed, and must not block.
 */
@FunctionalInterface
public interface FailureClassifier {

	/**
	 * Classify a failure.
	 * @param failure what was thrown by ensured work
	 * @param channel the channel that the work was given, or {@code null} if it was given
	 * none
	 * @return the verdict, {@link FailureVerdict#NEVER} for everything that is no failure
	 * of a broker
	 */
	FailureVerdict classify(Throwable failure, @Nullable Channel channel);

	/**
	 * Return the classifier that implements the table of the reference documentation.
	 * <p>
	 * A failure is taken for one of a broker if its chain of causes contains an exception
	 * of Spring AMQP or of the RabbitMQ client, or if it is a raw I/O exception or
	 * time-out that was thrown inside the RabbitMQ client or while the given channel was
	 * lost. Everything else, for example a refused connection of an HTTP client, is none.
	 * @return the standard classifier
	 */
	static FailureClassifier standard() {
		return new AmqpFailureClassifier();
	}

}
