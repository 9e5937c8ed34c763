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

package dev.failover.autoconfigure.rabbit;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

import org.jspecify.annotations.Nullable;

/**
 * Decodes percent-encoded UTF-8. Other characters stand for themselves, '+' included.
 */
final class PercentDecoder {

	private static final int HEXADECIMAL = 16;

	private PercentDecoder() {
	}

	/**
	 * Decode a text.
	 * @return the decoded text, or {@code null} if the text is not properly encoded
	 */
	static @Nullable String decode(String encoded) {
		if (encoded.indexOf('%') < 0) {
			return encoded;
		}
		ByteArrayOutputStream bytes = new ByteArrayOutputStream();
		byte[] source = encoded.getBytes(StandardCharsets.UTF_8);
		for (int i = 0; i < source.length; i++) {
			if (source[i] != '%') {
				bytes.write(source[i]);
				continue;
			}
			int high = (i + 2 < source.length) ? Character.digit(source[i + 1], HEXADECIMAL) : -1;
			int low = (high >= 0) ? Character.digit(source[i + 2], HEXADECIMAL) : -1;
			if (low < 0) {
				return null;
			}
			bytes.write(high * HEXADECIMAL + low);
			i += 2;
		}
		try {
			return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes.toByteArray())).toString();
		}
		catch (CharacterCodingException ex) {
			return null;
		}
	}

}
