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

package dev.failover.spring;

import java.lang.reflect.Method;

import org.jspecify.annotations.Nullable;
import org.springframework.beans.DirectFieldAccessor;
import org.springframework.util.Assert;
import org.springframework.util.ReflectionUtils;
import org.springframework.util.StringUtils;

/**
 * A setting of Spring AMQP's that can be set, but not asked for. It is read by its
 * getter, where subclasses have one, and else from its field. These are the only private
 * names of Spring's that are relied on, and only to heed what the application has set:
 * nothing is changed by them. Safe for use by multiple threads.
 */
public enum HiddenSetting {

	/**
	 * The advice of a listener container.
	 */
	ADVICE_CHAIN("adviceChain"),

	/**
	 * What customizes the containers of a container factory.
	 */
	CONTAINER_CUSTOMIZER("containerCustomizer"),

	/**
	 * How long a listener container, or those of a container factory, wait until they try
	 * again to consume.
	 */
	RECOVERY_BACK_OFF("recoveryBackOff"),

	/**
	 * How often a simple listener container declares again that its queues exist, before
	 * it starts without them.
	 */
	DECLARATION_RETRIES("declarationRetries"),

	/**
	 * Whether an admin declares only what names it.
	 */
	EXPLICIT_DECLARATIONS_ONLY("explicitDeclarationsOnly"),

	/**
	 * Whether an admin goes on when a declaration is refused.
	 */
	IGNORE_DECLARATION_EXCEPTIONS("ignoreDeclarationExceptions");

	private final String name;

	HiddenSetting(String name) {
		this.name = name;
	}

	/**
	 * Return whether an object has this setting in this version of Spring AMQP.
	 * @param target the container, container factory or admin
	 * @return whether it can be read
	 */
	public boolean isKnownOf(Object target) {
		return getter(target) != null || new DirectFieldAccessor(target).isReadableProperty(this.name);
	}

	/**
	 * Return the value of this setting.
	 * @param target the container, container factory or admin
	 * @return the value, {@code null} if it was not set
	 * @throws IllegalArgumentException if there is no such setting in this version of
	 * Spring AMQP
	 */
	public @Nullable Object of(Object target) {
		Method getter = getter(target);
		if (getter != null) {
			ReflectionUtils.makeAccessible(getter);
			return ReflectionUtils.invokeMethod(getter, target);
		}
		Assert.isTrue(isKnownOf(target),
				() -> "%s has no setting '%s'".formatted(target.getClass().getName(), this.name));
		return new DirectFieldAccessor(target).getPropertyValue(this.name);
	}

	private @Nullable Method getter(Object target) {
		return ReflectionUtils.findMethod(target.getClass(), "get" + StringUtils.capitalize(this.name));
	}

}
