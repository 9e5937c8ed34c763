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

package dev.failover.topology;

/**
 * Routing keys of bindings to topic exchanges: words between dots, of which {@code *}
 * stands for one word and {@code #} for any number of words.
 *
 * @see <a href="https://www.rabbitmq.com/tutorials/amqp-concepts#exchange-topic">AMQP
 * 0-9-1 Model: Topic Exchange</a>
 */
final class TopicPattern {

	private TopicPattern() {
	}

	static boolean matches(String pattern, String routingKey) {
		return matches(words(pattern), 0, words(routingKey), 0);
	}

	/**
	 * For RabbitMQ, an empty key has no word.
	 */
	private static String[] words(String key) {
		return key.isEmpty() ? new String[0] : key.split("\\.", -1);
	}

	private static boolean matches(String[] pattern, int at, String[] words, int word) {
		if (at == pattern.length) {
			return word == words.length;
		}
		if (pattern[at].equals("#")) {
			return matches(pattern, at + 1, words, word)
					|| (word < words.length && matches(pattern, at, words, word + 1));
		}
		return word < words.length && (pattern[at].equals("*") || pattern[at].equals(words[word]))
				&& matches(pattern, at + 1, words, word + 1);
	}

}
