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

package dev.failover.listener;

import java.lang.reflect.Field;

import org.jspecify.annotations.Nullable;
import org.springframework.util.Assert;
import org.springframework.util.ReflectionUtils;

/**
 * Reads settings that Spring AMQP lets be set, but not asked for.
 */
final class Settings {

	private Settings() {
	}

	/**
	 * Return whether there is such a setting in this version of Spring AMQP.
	 */
	static boolean exists(Object target, String name) {
		return ReflectionUtils.findField(target.getClass(), name) != null;
	}

	/**
	 * Return the value of a setting.
	 * @throws IllegalArgumentException if there is no such setting
	 */
	static @Nullable Object read(Object target, String name) {
		return ReflectionUtils.getField(field(target, name), target);
	}

	private static Field field(Object target, String name) {
		Field field = ReflectionUtils.findField(target.getClass(), name);
		Assert.notNull(field, () -> "%s has no setting '%s'".formatted(target.getClass().getName(), name));
		ReflectionUtils.makeAccessible(field);
		return field;
	}

	/**
	 * Change a setting.
	 * @throws IllegalArgumentException if there is no such setting
	 */
	static void write(Object target, String name, Object value) {
		ReflectionUtils.setField(field(target, name), target, value);
	}

	/**
	 * Return whether a setting has the given value.
	 */
	static boolean is(Object target, String name, @Nullable Object value) {
		Object actual = read(target, name);
		return (value != null) ? value.equals(actual) : actual == null;
	}

}
