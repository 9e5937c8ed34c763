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

package dev.failover.autoconfigure.actuate;

import java.beans.PropertyDescriptor;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

import org.jspecify.annotations.Nullable;
import org.springframework.beans.BeanWrapper;
import org.springframework.beans.PropertyAccessorFactory;
import org.springframework.boot.context.properties.bind.DataObjectPropertyName;

import dev.failover.autoconfigure.FailoverProperties;

/**
 * The settings of an application by the names of their properties, but not its brokers,
 * which may hold passwords.
 */
final class SettingsInForce {

	private static final String BROKERS = "brokers";

	private final Map<String, Object> settings = new TreeMap<>();

	SettingsInForce(FailoverProperties properties) {
		addAll("failover.", properties);
		this.settings.remove("failover." + BROKERS);
	}

	private void addAll(String prefix, Object group) {
		BeanWrapper wrapper = PropertyAccessorFactory.forBeanPropertyAccess(group);
		for (PropertyDescriptor property : wrapper.getPropertyDescriptors()) {
			if (!property.getName().equals("class")) {
				add(prefix + DataObjectPropertyName.toDashedForm(property.getName()), property,
						wrapper.getPropertyValue(property.getName()));
			}
		}
	}

	private void add(String name, PropertyDescriptor property, @Nullable Object value) {
		if (value != null && property.getWriteMethod() == null) {
			addAll(name + ".", value);
		}
		else if (value != null) {
			this.settings.put(name, value);
		}
	}

	Map<String, Object> asMap() {
		return Collections.unmodifiableMap(this.settings);
	}

}
