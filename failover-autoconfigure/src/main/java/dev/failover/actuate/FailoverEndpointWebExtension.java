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

package dev.failover.actuate;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.OperationResponseBody;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.boot.actuate.endpoint.annotation.WriteOperation;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;
import org.springframework.boot.actuate.endpoint.web.annotation.EndpointWebExtension;
import org.springframework.util.Assert;

import dev.failover.broker.Brokers;

/**
 * {@link EndpointWebExtension} of the {@link FailoverEndpoint} that answers with an HTTP
 * status: 200 if an operation is done, 202 if it is under way, and 4xx with the reason if
 * it is refused.
 */
@EndpointWebExtension(endpoint = FailoverEndpoint.class)
public final class FailoverEndpointWebExtension {

	private static final int STATUS_ACCEPTED = 202;

	private static final int STATUS_CONFLICT = 409;

	private final FailoverEndpoint delegate;

	private final Brokers brokers;

	/**
	 * Create an extension.
	 * @param delegate the endpoint
	 * @param brokers the brokers
	 */
	public FailoverEndpointWebExtension(FailoverEndpoint delegate, Brokers brokers) {
		Assert.notNull(delegate, "'delegate' must not be null");
		Assert.notNull(brokers, "'brokers' must not be null");
		this.delegate = delegate;
		this.brokers = brokers;
	}

	/**
	 * Change which broker is active, or which ones may be used.
	 * @param operation the operation
	 * @param broker the name of the broker
	 * @param force whether to activate the broker at once
	 * @return what has become of it by now, or why it is refused
	 */
	@WriteOperation
	public WebEndpointResponse<OperationResponseBody> operate(@Selector String operation, @Nullable String broker,
			@Nullable Boolean force) {
		if (!FailoverEndpoint.OPERATIONS.contains(operation)) {
			return refused(WebEndpointResponse.STATUS_NOT_FOUND, "Unknown operation '%s'. Supported operations: %s"
				.formatted(operation, FailoverEndpoint.OPERATIONS));
		}
		if (broker != null && this.brokers.getStatus(broker).isEmpty()) {
			return refused(WebEndpointResponse.STATUS_NOT_FOUND, "There is no broker '%s'".formatted(broker));
		}
		try {
			OperationDescriptor begun = this.delegate.operate(operation, broker, force);
			if (begun.state() == OperationDescriptor.State.FAILED) {
				return refused(STATUS_CONFLICT, begun.reason());
			}
			boolean running = begun.state() == OperationDescriptor.State.RUNNING;
			return new WebEndpointResponse<>(begun, running ? STATUS_ACCEPTED : WebEndpointResponse.STATUS_OK);
		}
		catch (IllegalArgumentException ex) {
			return refused(WebEndpointResponse.STATUS_BAD_REQUEST, ex.getMessage());
		}
		catch (IllegalStateException ex) {
			return refused(STATUS_CONFLICT, ex.getMessage());
		}
	}

	private static WebEndpointResponse<OperationResponseBody> refused(int status, @Nullable String reason) {
		return new WebEndpointResponse<>(new RefusalDescriptor(reason), status);
	}

	/**
	 * Description of why an operation is refused.
	 *
	 * @param reason the reason
	 */
	public record RefusalDescriptor(@Nullable String reason) implements OperationResponseBody {

	}

}
