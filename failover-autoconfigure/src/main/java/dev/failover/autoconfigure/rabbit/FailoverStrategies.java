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

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

import org.springframework.beans.factory.BeanFactoryUtils;
import org.springframework.beans.factory.ListableBeanFactory;

import dev.failover.autoconfigure.InvalidFailoverPropertyException;
import dev.failover.strategy.FailoverStrategy;

/**
 * The strategies that {@code failover.strategy} can name: beans of type
 * {@link FailoverStrategy}. The names of the shipped ones are common words that other
 * beans may have, so their beans have longer names.
 */
final class FailoverStrategies {

	private static final Map<String, String> SHIPPED = shipped();

	private FailoverStrategies() {
	}

	private static Map<String, String> shipped() {
		Map<String, String> shipped = new LinkedHashMap<>();
		shipped.put("round-robin", "failoverRoundRobinStrategy");
		shipped.put("shuffle", "failoverShuffleStrategy");
		shipped.put("priority", "failoverPriorityStrategy");
		shipped.put("weighted", "failoverWeightedStrategy");
		return shipped;
	}

	/**
	 * Return the strategy of a name. A bean of that name and of type
	 * {@link FailoverStrategy} replaces the shipped strategy; beans of other types do not
	 * count.
	 * @throws InvalidFailoverPropertyException if there is none
	 */
	static FailoverStrategy get(String name, ListableBeanFactory beanFactory) {
		if (isStrategy(name, beanFactory)) {
			return beanFactory.getBean(name, FailoverStrategy.class);
		}
		String shipped = SHIPPED.get(name);
		if (shipped != null) {
			return beanFactory.getBean(shipped, FailoverStrategy.class);
		}
		Set<String> valid = new LinkedHashSet<>(SHIPPED.keySet());
		valid.addAll(List.of(BeanFactoryUtils.beanNamesForTypeIncludingAncestors(beanFactory, FailoverStrategy.class)));
		valid.removeAll(SHIPPED.values());
		String reason = beanFactory.containsBean(name) ? "the bean of that name is no FailoverStrategy"
				: "there is no bean of type FailoverStrategy with that name";
		throw new InvalidFailoverPropertyException("failover.strategy", name, reason,
				"Use one of %s, or define a FailoverStrategy bean of that name".formatted(valid));
	}

	private static boolean isStrategy(String name, ListableBeanFactory beanFactory) {
		return beanFactory.containsBean(name) && beanFactory.isTypeMatch(name, FailoverStrategy.class);
	}

}
