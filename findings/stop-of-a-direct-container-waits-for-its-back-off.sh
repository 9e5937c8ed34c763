#!/usr/bin/env bash
# Spring AMQP 4.1.2, JDK 17: while no broker answers, the stop of a direct listener container takes as long as the rest of its recovery interval.
#
# A DirectMessageListenerContainer sleeps between two tries to consume with the lock that its stop needs. setShutdownTimeout() is not heeded: the
# application is held up by the interval, 5 seconds unless set, for each container in turn. A simple container with the same settings ends at once.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
libraries org.springframework.amqp:spring-rabbit:4.1.2 org.slf4j:slf4j-nop:1.7.36
cat >"$work/Finding.java" <<'JAVA'
import java.time.Duration;

import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.DirectMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.SimpleMessageListenerContainer;

class Finding {

	private static final Duration INTERVAL = Duration.ofSeconds(20);

	private static final Duration SHUTDOWN = Duration.ofSeconds(1);

	public static void main(String[] args) throws Exception {
		int port = Integer.parseInt(args[0]);
		System.out.printf("simple %s, direct %s%n", stop(new SimpleMessageListenerContainer(), port),
				stop(new DirectMessageListenerContainer(), port));
		System.exit(0);
	}

	private static String stop(AbstractMessageListenerContainer container, int port) throws Exception {
		container.setConnectionFactory(new CachingConnectionFactory("127.0.0.1", port));
		container.setQueueNames("orders");
		container.setMessageListener((message) -> {
		});
		container.setRecoveryInterval(INTERVAL.toMillis());
		container.setShutdownTimeout(SHUTDOWN.toMillis());
		container.afterPropertiesSet();
		container.start();
		Thread.sleep(3000);
		long begin = System.nanoTime();
		container.stop();
		Duration taken = Duration.ofNanos(System.nanoTime() - begin);
		if (taken.compareTo(SHUTDOWN) <= 0) {
			return "within its shutdown timeout";
		}
		return (taken.compareTo(Duration.ofSeconds(14)) > 0) ? "at the end of its recovery interval" : "after " + taken;
	}

}
JAVA
port=$(free_port)
seen="stopped while nothing listens: $(run Finding)"
expect 'stopped while nothing listens: simple within its shutdown timeout, direct at the end of its recovery interval'
