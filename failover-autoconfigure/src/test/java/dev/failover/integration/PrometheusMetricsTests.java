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

package dev.failover.integration;

import java.util.Set;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

class PrometheusMetricsTests {

	private final PrometheusMetrics metrics = new PrometheusMetrics("""
			# HELP failover_broker_up Whether
			failover_broker_up{broker="127.0.0.1:5672"} 1.0
			failover_ensure_calls_total{method="Orders.place",outcome="gave_up"} 0.0
			failover_ensure_calls_total{method="Orders.place",outcome="first_try"} 2.0
			failover_held 0.0
			failover_publish_confirm_seconds_bucket{broker="a",le="0.001"} 1
			""");

	@ParameterizedTest
	@ValueSource(strings = { "failover_held == 1", "sum without (broker) (failover_broker_up) > 1 and failover_held",
			"increase(failover_ensure_calls_total{outcome=\"gave_up\", instance=~\"$instance\"}[10m]) > 0",
			"histogram_quantile(0.99, sum by (le, broker) (rate(failover_publish_confirm_seconds_bucket[5m]))) > 1e3",
			"failover_held unless failover_held offset 1m", "label_values(failover_broker_up, instance)" })
	void nothingIsWrong(String expression) {
		assertThat(this.metrics.mistakes(expression, Set.of())).isEmpty();
	}

	@ParameterizedTest
	@CsvSource(delimiter = ';',
			value = { "failover_hold == 1; no metric 'failover_hold'", "up == 0; no metric 'up'",
					"sum by (queue) (failover_broker_up); no label 'queue'",
					"failover_broker_up{queue=\"a\"}; no label 'queue' of 'failover_broker_up'",
					"rate(failover_ensure_calls_total{outcome=~\"gave_up|never\"}[5m]); no value 'never' of 'outcome'",
					"sum(failover_held; parentheses do not match", "summ(failover_held); no metric 'summ'" })
	void mistakeIsFound(String expression, String mistake) {
		assertThat(this.metrics.mistakes(expression, Set.of())).singleElement().asString().startsWith(mistake);
	}

	@Test
	void labelThatIsShownMustExist() {
		assertThat(this.metrics.mistakes("failover_broker_up", Set.of("broker", "job"))).isEmpty();
		assertThat(this.metrics.mistakes("failover_broker_up", Set.of("queue"))).hasSize(1);
	}

}
