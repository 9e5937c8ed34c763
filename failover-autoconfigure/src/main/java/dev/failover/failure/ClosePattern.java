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

import java.util.List;
import java.util.stream.Collectors;

/**
 * What a close looks like.
 *
 * @param ofConnection whether a connection is closed, and not a channel
 * @param codes the reply codes, none for any
 * @param opening whether the close belongs to the opening of the connection, or to no
 * operation
 * @param texts of which the reply text contains one, none for any
 */
record ClosePattern(boolean ofConnection, List<Integer> codes, boolean opening, List<String> texts) {

	/**
	 * The class of the methods that open a connection.
	 */
	private static final int CONNECTION_CLASS = 10;

	boolean fits(boolean connection, int code, int classId, String text) {
		return this.ofConnection == connection && (this.codes.isEmpty() || this.codes.contains(code))
				&& (!this.opening || classId <= CONNECTION_CLASS)
				&& (this.texts.isEmpty() || this.texts.stream().anyMatch(text::contains));
	}

	@Override
	public String toString() {
		String level = this.ofConnection ? (this.opening ? "connection, class 0 or 10" : "connection") : "channel";
		String code = this.codes.isEmpty() ? "any other"
				: this.codes.stream().map(String::valueOf).collect(Collectors.joining(", "));
		String text = this.texts.isEmpty() ? "any other"
				: this.texts.stream().map(String::strip).collect(Collectors.joining("`, `", "`", "`"));
		return "%s | %s | %s".formatted(level, code, text);
	}

}
