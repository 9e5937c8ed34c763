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

import java.io.IOException;

/**
 * Lets one thread at a time write many commands to a connection with few calls of the
 * operating system. The client library calls it for each command otherwise.
 * <p>
 * What other threads write meanwhile, on whatever channel, is not kept back, and takes
 * along what was kept back before it: the order of what is written never changes.
 */
public interface WriteBatch {

	/**
	 * Keep back what the calling thread writes, up to some kilobytes, until the batch is
	 * ended. To be followed by {@link #end()} in any case, and without waiting for an
	 * answer of the broker in between.
	 */
	void begin();

	/**
	 * Write what is kept back, and keep back nothing any more. Blocks as any write does
	 * while the broker reads nothing.
	 * @throws IOException if it cannot be written, as the connection is lost
	 */
	void end() throws IOException;

}
