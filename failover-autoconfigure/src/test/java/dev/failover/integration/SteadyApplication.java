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

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.event.EventListener;

import dev.failover.broker.BrokerEvent;
import dev.failover.template.FailoverTemplate;

/**
 * An application in a process of its own that publishes all the time, and prints each
 * confirm and what must not happen.
 */
public final class SteadyApplication {

	static final String QUEUE = "steady";

	static final String CONFIRMED = "confirmed";

	static final String ALARM = "alarm: ";

	private SteadyApplication() {
	}

	public static void main(String[] args) throws InterruptedException {
		CountDownLatch end = new CountDownLatch(1);
		try (ConfigurableApplicationContext context = Applications.run(Alarms.class, args)) {
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			while (!end.await(50, TimeUnit.MILLISECONDS)) {
				publish(template);
			}
		}
	}

	private static void publish(FailoverTemplate template) {
		try {
			template.convertAndSend(QUEUE, "message");
			System.out.println(CONFIRMED);
		}
		catch (RuntimeException ex) {
			System.out.println(ALARM + ex);
		}
	}

	@Configuration(proxyBeanMethods = false)
	static class Alarms {

		@EventListener
		void on(BrokerEvent event) {
			if (FalseAlarmIntegrationTests.Alarms.isAlarm(event)) {
				System.out.println(ALARM + event);
			}
		}

	}

}
