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

package dev.failover.broker;

import java.util.Objects;

import org.jspecify.annotations.Nullable;

/**
 * The broker that is active, and since which of its failures. Two activations of the same
 * broker differ if it failed in between, so that a late report about the earlier one does
 * no harm. They are equal whatever the priority and the weight of the broker, which may
 * change while it is active.
 *
 * @param broker the active broker
 * @param incarnation how often the broker had failed when it was activated
 */
public record Activation(Broker broker, long incarnation) {

	/**
	 * Return whether this activation is one of the given broker, whatever its priority
	 * and weight.
	 * @param other the broker
	 * @param otherIncarnation how often that broker had failed
	 * @return whether both are the same broker, without a failure in between
	 */
	public boolean isOf(Broker other, long otherIncarnation) {
		return this.incarnation == otherIncarnation && this.broker.name().equals(other.name());
	}

	@Override
	public boolean equals(@Nullable Object other) {
		return other instanceof Activation activation && isOf(activation.broker, activation.incarnation);
	}

	@Override
	public int hashCode() {
		return Objects.hash(this.broker.name(), this.incarnation);
	}

}
