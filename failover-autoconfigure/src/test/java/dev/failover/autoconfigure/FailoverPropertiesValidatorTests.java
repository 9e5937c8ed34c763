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

package dev.failover.autoconfigure;

import java.beans.PropertyDescriptor;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.beans.BeanUtils;
import org.springframework.beans.BeanWrapper;
import org.springframework.beans.PropertyAccessorFactory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Tests for {@link FailoverPropertiesValidator}.
 */
class FailoverPropertiesValidatorTests {

	@ParameterizedTest
	@MethodSource
	void durationThatCannotBeUsedIsRefused(String path, String property) {
		for (Duration value : new Duration[] { Duration.ofSeconds(-1), Duration.ofDays(30) }) {
			FailoverProperties properties = new FailoverProperties();
			PropertyAccessorFactory.forBeanPropertyAccess(properties).setPropertyValue(path, value);
			assertThatExceptionOfType(InvalidFailoverPropertyException.class)
				.isThrownBy(() -> FailoverPropertiesValidator.validate(properties))
				.withMessageContaining("'%s'", property);
		}
	}

	static Stream<Object[]> durationThatCannotBeUsedIsRefused() {
		Map<String, String> durations = new TreeMap<>();
		collect("", new FailoverProperties(), durations);
		assertThat(durations).containsEntry("connect.raceDelay", "failover.connect.race-delay");
		return durations.entrySet().stream().map((each) -> new Object[] { each.getKey(), each.getValue() });
	}

	private static void collect(String prefix, Object group, Map<String, String> durations) {
		BeanWrapper wrapper = PropertyAccessorFactory.forBeanPropertyAccess(group);
		for (PropertyDescriptor each : BeanUtils.getPropertyDescriptors(group.getClass())) {
			String path = prefix + each.getName();
			if (each.getPropertyType() == Duration.class) {
				durations.put(path, "failover." + path.replaceAll("([A-Z])", "-$1").toLowerCase());
			}
			else if (each.getPropertyType().getEnclosingClass() != null && !each.getPropertyType().isEnum()) {
				collect(path + ".", wrapper.getPropertyValue(each.getName()), durations);
			}
		}
	}

}
