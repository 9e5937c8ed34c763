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

package dev.failover.failure;

import java.io.IOException;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Method;
import com.rabbitmq.client.ShutdownSignalException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link CloseReason}, with the texts of RabbitMQ.
 */
class CloseReasonTests {

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '"',
			textBlock = """
					320 | 0 | CONNECTION_FORCED - Node was put into maintenance mode | MAINTENANCE
					320 | 0 | CONNECTION_FORCED - broker forced connection closure with reason 'shutdown' | SHUTDOWN
					320 | 0 | CONNECTION_FORCED - vhost 'orders' is down | VIRTUAL_HOST_GONE
					320 | 0 | CONNECTION_FORCED - vhost 'orders' is deleted | VIRTUAL_HOST_GONE
					320 | 0 | CONNECTION_FORCED - credential expired | CREDENTIALS_EXPIRED
					320 | 0 | CONNECTION_FORCED - too many connections here | CLOSED_BY_OPERATOR
					530 | 10 | NOT_ALLOWED - access to vhost '/' refused for user 'a': connection limit (3) is reached | CONNECTION_LIMIT
					530 | 10 | NOT_ALLOWED - connection refused for user 'a': user connection limit (3) is reached | CONNECTION_LIMIT
					530 | 10 | NOT_ALLOWED - connection refused: node connection limit (3) is reached | CONNECTION_LIMIT
					530 | 10 | NOT_ALLOWED - access to vhost '/' refused for user 'a': connection limit cannot be queried, timeout | CONNECTION_LIMIT_UNKNOWN
					530 | 0 | NOT_ALLOWED - number of channels opened on node 'a@b' has reached the maximum allowed limit of 9 | CHANNEL_LIMIT
					530 | 0 | NOT_ALLOWED - number of channels opened for user 'a' has reached the maximum allowed user limit of 9 | CHANNEL_LIMIT
					530 | 10 | NOT_ALLOWED - vhost orders not found | VIRTUAL_HOST_REFUSED
					530 | 10 | NOT_ALLOWED - access to vhost '/' refused for user 'a' | VIRTUAL_HOST_REFUSED
					530 | 60 | NOT_ALLOWED - attempt to reuse consumer tag 'a' | NOT_ALLOWED
					541 | 10 | INTERNAL_ERROR - access to vhost '/' refused for user 'a': vhost '/' is down | VIRTUAL_HOST_DOWN
					541 | 60 | INTERNAL_ERROR - failed consuming from quorum queue 'q' in vhost '/': nodedown | INTERNAL_ERROR
					541 | 50 | INTERNAL_ERROR - Cannot declare a queue 'q' on node 'a@b': {vhost_supervisor_not_running,"/"} | INTERNAL_ERROR
					504 | 60 | CHANNEL_ERROR - expected 'channel.open' | CHANNEL_ERROR
					403 | 10 | ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN | LOGIN_REFUSED
					540 | 60 | NOT_IMPLEMENTED - immediate=true | NOT_IMPLEMENTED
					599 | 0 | something else | OTHER_CONNECTION
					""")
	void connectionIsClosedWith(int code, int classId, String text, CloseReason expected) {
		assertThat(CloseReason.of(signal(true, code, classId, text))).isEqualTo(expected);
		assertThat(expected.isOfConnection()).isTrue();
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '"',
			textBlock = """
					404 | NOT_FOUND - home node 'a@b' of durable queue 'q' in vhost '/' is down or inaccessible | HOME_NODE_DOWN
					404 | NOT_FOUND - failed to perform operation on queue 'q' in vhost '/' due to timeout | QUEUE_TIMEOUT
					404 | NOT_FOUND - queue 'q' in vhost '/' process is stopped by supervisor | QUEUE_STOPPED
					404 | NOT_FOUND - queue 'q' in vhost '/' has crashed and failed to restart | QUEUE_CRASHED
					404 | NOT_FOUND - failed to perform operation on queue 'q' in vhost '/': its leader <1.2.3> may be stopping or being demoted | LEADER_CHANGING
					404 | NOT_FOUND - no queue 'q' in vhost '/' | NOT_FOUND
					405 | RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'q' in vhost '/' | RESOURCE_LOCKED
					403 | ACCESS_REFUSED - write access to exchange 'e' in vhost '/' refused for user 'a' | PERMISSION_DENIED
					403 | ACCESS_REFUSED - access to exchange 'e' in vhost '/' refused for user 'a' | PERMISSION_DENIED
					403 | ACCESS_REFUSED - queue 'q' in vhost '/' in exclusive use | EXCLUSIVE_CONSUMER
					403 | ACCESS_REFUSED - operation not permitted on the default exchange | ACCESS_REFUSED
					406 | PRECONDITION_FAILED - fast reply consumer does not exist | NO_REPLY_CONSUMER
					406 | PRECONDITION_FAILED - message size 20 is larger than configured max size 10 | PRECONDITION_FAILED
					312 | NO_ROUTE | CHANNEL_MISTAKE
					313 | NO_CONSUMERS | OTHER_CHANNEL
					""")
	void channelIsClosedWith(int code, String text, CloseReason expected) {
		assertThat(CloseReason.of(signal(false, code, 0, text))).isEqualTo(expected);
		assertThat(expected.isOfConnection()).isFalse();
	}

	@Test
	void everyCodeHasARow() {
		for (int code = 0; code < 1000; code++) {
			assertThat(CloseReason.of(signal(true, code, 0, ""))).isNotNull();
			assertThat(CloseReason.of(signal(false, code, 0, ""))).isNotNull();
		}
	}

	@Test
	void whatWasNotClosedByTheProtocolHasNoRow() {
		ShutdownSignalException lost = new ShutdownSignalException(true, false, null, null);
		assertThat(CloseReason.of(lost)).isNull();
		assertThat(CloseReason.in(new IOException(lost))).isNull();
		assertThat(CloseReason.in(new IOException())).isNull();
		assertThat(CloseReason.text(lost)).isEmpty();
		assertThat(CloseReason.code(lost)).isZero();
	}

	@Test
	void closeIsFoundInTheCauses() {
		assertThat(CloseReason.in(new IOException(new IOException(signal(false, 405, 50, "locked")))))
			.isEqualTo(CloseReason.RESOURCE_LOCKED);
	}

	static ShutdownSignalException signal(boolean connection, int code, int classId, String text) {
		Method reason = connection
				? new AMQP.Connection.Close.Builder().replyCode(code).replyText(text).classId(classId).build()
				: new AMQP.Channel.Close.Builder().replyCode(code).replyText(text).classId(classId).build();
		return new ShutdownSignalException(connection, false, reason, null);
	}

}
