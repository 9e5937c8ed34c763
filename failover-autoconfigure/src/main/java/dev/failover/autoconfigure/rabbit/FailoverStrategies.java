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
import java.util.Random;
import java.util.Set;
import java.util.function.Supplier;

import org.springframework.beans.factory.BeanFactoryUtils;
import org.springframework.beans.factory.ListableBeanFactory;

import dev.failover.autoconfigure.InvalidFailoverPropertyException;
import dev.failover.strategy.FailoverStrategy;
import dev.failover.strategy.PriorityStrategy;
import dev.failover.strategy.RoundRobinStrategy;
import dev.failover.strategy.ShuffleStrategy;
import dev.failover.strategy.WeightedStrategy;

/**
 * The strategies that {@code failover.strategy} can name: beans of type
 * {@link FailoverStrategy}, and those that are shipped. The latter are no beans, as their
 * names are common words that other beans may have.
 */
final class FailoverStrategies {

	private static final Map<String, Supplier<FailoverStrategy>> SHIPPED = shipped();

	private FailoverStrategies() {
	}

	private static Map<String, Supplier<FailoverStrategy>> shipped() {
		Map<String, Supplier<FailoverStrategy>> shipped = new LinkedHashMap<>();
		shipped.put("round-robin", RoundRobinStrategy::new);
		shipped.put("shuffle", () -> new ShuffleStrategy(new Random()));
		shipped.put("priority", PriorityStrategy::new);
		shipped.put("weighted", () -> new WeightedStrategy(new Random()));
		return shipped;
	}

	/**
	 * Return the strategy of a name. A bean of type {@link FailoverStrategy} replaces the
	 * shipped one of its name; beans of other types do not count.
	 * @throws InvalidFailoverPropertyException if there is none
	 */
	static FailoverStrategy get(String name, ListableBeanFactory beanFactory) {
		if (beanFactory.containsBean(name) && beanFactory.isTypeMatch(name, FailoverStrategy.class)) {
			return beanFactory.getBean(name, FailoverStrategy.class);
		}
		Supplier<FailoverStrategy> shipped = SHIPPED.get(name);
		if (shipped != null) {
			return shipped.get();
		}
		Set<String> valid = new LinkedHashSet<>(SHIPPED.keySet());
		valid.addAll(List.of(BeanFactoryUtils.beanNamesForTypeIncludingAncestors(beanFactory, FailoverStrategy.class)));
		String reason = beanFactory.containsBean(name) ? "the bean of that name is no FailoverStrategy"
				: "there is no bean of type FailoverStrategy with that name";
		throw new InvalidFailoverPropertyException("failover.strategy", name, reason,
				"Use one of %s, or define a FailoverStrategy bean of that name".formatted(valid));
	}

}
