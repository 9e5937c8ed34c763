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

import java.util.regex.Pattern;

/**
 * Hides what may be a secret in a URL, however malformed it is.
 */
final class BrokerUrlMask {

	private static final String MASK = "******";

	private static final Pattern HARMLESS = Pattern.compile("(\\[[0-9A-Fa-f:.%]*]|[^:/?#]*)(:[0-9]{0,7})?([/?#].*)?");

	private static final Pattern TAIL = Pattern.compile("([?#]).*");

	private BrokerUrlMask() {
	}

	/**
	 * Mask everything before the last '@'. Without one, mask what follows the first colon
	 * unless it is a port. Parameters and fragments are masked in any case.
	 */
	static String mask(String url) {
		int separator = url.indexOf("://");
		int begin = (separator >= 0) ? separator + "://".length() : 0;
		int at = url.lastIndexOf('@');
		if (at >= 0) {
			String head = (at >= begin) ? url.substring(0, begin) : "";
			return head + MASK + maskTail(url.substring(at));
		}
		String rest = url.substring(begin);
		if (HARMLESS.matcher(rest).matches()) {
			return url.substring(0, begin) + maskTail(rest);
		}
		return url.substring(0, begin) + rest.substring(0, Math.max(rest.indexOf(':'), 0)) + ":" + MASK;
	}

	private static String maskTail(String text) {
		return TAIL.matcher(text).replaceFirst("$1" + MASK);
	}

}
