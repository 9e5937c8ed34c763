#!/usr/bin/env bash
# RabbitMQ 4.3.6, amqp-client 5.30.0: basic.qos with global=true is accepted and then counted for each consumer.
#
# RabbitMQ before 4.3 honours a prefetch count with global=true as one limit that all consumers of the channel share. 4.3 does not support
# that any more. It neither refuses the method nor answers with an error: each consumer gets the count for itself, so a channel with
# ten consumers holds ten times the messages that its limit says, in memory and unacknowledged.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
libraries com.rabbitmq:amqp-client:5.30.0 org.slf4j:slf4j-nop:1.7.36
rabbitmq
cat >"$work/Finding.java" <<'JAVA'
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;

class Finding {

	public static void main(String[] args) throws Exception {
		ConnectionFactory factory = new ConnectionFactory();
		factory.setPort(Integer.parseInt(args[0]));
		try (Connection connection = factory.newConnection()) {
			System.out.println("classic queue: " + held(connection, "classic"));
			System.out.println("quorum queue: " + held(connection, "quorum"));
		}
	}

	static String held(Connection connection, String type) throws Exception {
		Channel channel = connection.createChannel();
		channel.queueDeclare(type, true, false, false, Map.of("x-queue-type", type));
		channel.confirmSelect();
		for (int i = 0; i < 200; i++) {
			channel.basicPublish("", type, null, new byte[1]);
		}
		channel.waitForConfirmsOrDie(10_000);
		AtomicInteger deliveries = new AtomicInteger();
		channel.basicQos(10, true);
		for (int i = 0; i < 10; i++) {
			channel.basicConsume(type, false, (tag, delivery) -> deliveries.incrementAndGet(), (tag) -> {
			});
		}
		int last = -1;
		while (last != deliveries.get()) {
			last = deliveries.get();
			Thread.sleep(2000);
		}
		channel.close();
		return last + " unacknowledged messages of 10 consumers with basic.qos(10, global)";
	}

}
JAVA
seen=$(run Finding)
expect 'classic queue: 100 unacknowledged messages of 10 consumers with basic.qos(10, global)
quorum queue: 100 unacknowledged messages of 10 consumers with basic.qos(10, global)'
