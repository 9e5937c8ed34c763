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

package dev.failover.connection;

import java.net.SocketException;

import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.ExceptionHandler;
import com.rabbitmq.client.impl.StrictExceptionHandler;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.Mockito.mock;

/**
 * Tests for {@link ClientExceptionHandler}.
 */
@ExtendWith(OutputCaptureExtension.class)
class ClientExceptionHandlerTests {

	private final ConnectionFactory factory = new ConnectionFactory();

	private final Connection connection = mock();

	@Test
	void warnsOfNoLoss(CapturedOutput output) {
		ClientExceptionHandler.useWith(this.factory);
		this.factory.getExceptionHandler()
			.handleUnexpectedConnectionDriverException(this.connection, new SocketException("Connection reset"));
		assertThat(output).doesNotContain("WARN").doesNotContain("Connection reset");
	}

	@Test
	void logsWhatElseGoesWrong(CapturedOutput output) {
		ClientExceptionHandler.useWith(this.factory);
		this.factory.getExceptionHandler()
			.handleUnexpectedConnectionDriverException(this.connection, new IllegalStateException("out of order"));
		assertThat(output).contains("ERROR").contains("out of order");
	}

	@Test
	void leavesTheHandlerOfTheApplication() {
		ExceptionHandler own = new StrictExceptionHandler();
		this.factory.setExceptionHandler(own);
		ClientExceptionHandler.useWith(this.factory);
		assertThat(this.factory.getExceptionHandler()).isSameAs(own);
	}

}
