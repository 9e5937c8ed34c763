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

import java.time.Duration;

import org.jspecify.annotations.Nullable;

/**
 * What a broker has told of itself when it was connected to last, and what was agreed
 * with it then.
 *
 * @param product the name of the product, such as {@code RabbitMQ}, or {@code null} if
 * the broker does not say
 * @param version the version of the product, or {@code null} if the broker does not say
 * @param channelMax how many channels a connection may have, 0 for no limit
 * @param frameMax how large a frame may be, in bytes, 0 for no limit
 * @param heartbeat the time after which a connection without a sign of life is closed,
 * zero if it is not
 */
public record BrokerServer(@Nullable String product, @Nullable String version, int channelMax, int frameMax,
		Duration heartbeat) {

}
