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

import java.beans.PropertyDescriptor;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

import org.springframework.beans.BeanUtils;
import org.springframework.boot.context.properties.bind.DataObjectPropertyName;

import dev.failover.autoconfigure.FailoverProperties;

/**
 * The names of all properties below {@code failover}, without that prefix, and which of
 * them a misspelled one may stand for. Names are compared without dashes and dots, which
 * environment variables do not have.
 */
final class PropertyNames {

	static final String BROKERS = "brokers";

	private static final String TEST_KIT = "test";

	/**
	 * Read by conditions, before there are {@link FailoverProperties}.
	 */
	private static final String ENABLED = "enabled";

	private final Set<String> names = new TreeSet<>(Set.of(ENABLED));

	private final Set<String> groups = new TreeSet<>();

	PropertyNames() {
		collect("", FailoverProperties.class);
	}

	private void collect(String prefix, Class<?> type) {
		for (PropertyDescriptor descriptor : BeanUtils.getPropertyDescriptors(type)) {
			String name = prefix + DataObjectPropertyName.toDashedForm(descriptor.getName());
			if (descriptor.getWriteMethod() != null) {
				this.names.add(name);
			}
			else if (descriptor.getPropertyType().getNestHost() == FailoverProperties.class) {
				this.groups.add(name);
				collect(name + ".", descriptor.getPropertyType());
			}
		}
	}

	Collection<String> getAll() {
		return this.names;
	}

	/**
	 * Whether a name is that of a property, or below that of the list of brokers, or one
	 * of the test kit.
	 */
	boolean isKnown(String name) {
		return isBelow(name, BROKERS) || isBelow(name, TEST_KIT)
				|| this.names.stream().anyMatch((known) -> plain(known).equals(plain(name)));
	}

	/**
	 * Whether a name is below one of the groups of properties.
	 */
	boolean isInGroup(String name) {
		return this.groups.stream().anyMatch((group) -> isBelow(name, group));
	}

	/**
	 * Whether a name looks like a misspelled list of brokers, or an entry of it.
	 */
	boolean isLikeBrokers(String name) {
		String first = name.split("[.\\[]", 2)[0];
		return !isKnown(name) && !this.groups.contains(first) && isLike(plain(first), BROKERS);
	}

	/**
	 * Return the property that an unknown one is spelled like, or that it is below of.
	 */
	Optional<String> getAlike(String name) {
		if (isLikeBrokers(name)) {
			return Optional.of(BROKERS);
		}
		String plain = plain(name);
		return this.names.stream()
			.filter((known) -> isLike(plain, plain(known)))
			.min(Comparator.comparingInt((known) -> distance(plain, plain(known))))
			.or(() -> this.names.stream().filter((known) -> isBelow(name, known)).findFirst());
	}

	/**
	 * Return the properties of other groups that an unknown one has the last element of.
	 */
	List<String> getNamesakes(String name) {
		String end = plain(end(name));
		return this.names.stream().filter((known) -> plain(end(known)).equals(end)).toList();
	}

	private static String end(String name) {
		return name.substring(name.lastIndexOf('.') + 1);
	}

	private static boolean isBelow(String name, String parent) {
		return name.equals(parent) || name.startsWith(parent + ".") || name.startsWith(parent + "[");
	}

	private static String plain(String name) {
		return name.replaceAll("[-_.]", "");
	}

	/**
	 * Two letters may be wrong, or three in a long name.
	 */
	private static boolean isLike(String one, String other) {
		return distance(one, other) <= ((other.length() < 12) ? 2 : 3);
	}

	/**
	 * How many letters must be added, removed or changed to make one of the other.
	 */
	private static int distance(String one, String other) {
		int[] last = new int[other.length() + 1];
		Arrays.setAll(last, (index) -> index);
		for (int i = 1; i <= one.length(); i++) {
			int[] row = new int[other.length() + 1];
			row[0] = i;
			for (int j = 1; j <= other.length(); j++) {
				int changed = (one.charAt(i - 1) != other.charAt(j - 1)) ? 1 : 0;
				row[j] = Math.min(Math.min(row[j - 1], last[j]) + 1, last[j - 1] + changed);
			}
			last = row;
		}
		return last[other.length()];
	}

}
