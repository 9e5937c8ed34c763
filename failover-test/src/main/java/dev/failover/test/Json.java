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

package dev.failover.test;

import java.util.Iterator;
import java.util.Map;

/**
 * Writes maps, collections, strings, numbers and booleans as JSON.
 */
final class Json {

	private final StringBuilder out = new StringBuilder();

	private Json() {
	}

	static String write(Object value) {
		Json json = new Json();
		json.append(value);
		return json.out.toString();
	}

	private void append(Object value) {
		if (value instanceof Map<?, ?> map) {
			appendObject(map);
		}
		else if (value instanceof Iterable<?> items) {
			appendArray(items);
		}
		else if (value instanceof Number || value instanceof Boolean) {
			this.out.append(value);
		}
		else {
			appendString(value.toString());
		}
	}

	private void appendObject(Map<?, ?> map) {
		this.out.append('{');
		String separator = "";
		for (Map.Entry<?, ?> entry : map.entrySet()) {
			this.out.append(separator);
			appendString(entry.getKey().toString());
			this.out.append(':');
			append(entry.getValue());
			separator = ",";
		}
		this.out.append('}');
	}

	private void appendArray(Iterable<?> items) {
		this.out.append('[');
		for (Iterator<?> iterator = items.iterator(); iterator.hasNext();) {
			append(iterator.next());
			if (iterator.hasNext()) {
				this.out.append(',');
			}
		}
		this.out.append(']');
	}

	private void appendString(String value) {
		this.out.append('"');
		for (char c : value.toCharArray()) {
			if (c == '"' || c == '\\') {
				this.out.append('\\').append(c);
			}
			else if (c < ' ') {
				this.out.append("\\u%04x".formatted((int) c));
			}
			else {
				this.out.append(c);
			}
		}
		this.out.append('"');
	}

}
