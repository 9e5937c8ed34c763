#!/usr/bin/env bash
# RabbitMQ 4.3.6, amqp-client 5.30.0: whether a message of a quorum queue is dropped depends on the method that gives it back.
#
# basic.reject and basic.nack of one message with requeue mean the same in AMQP 0-9-1, and did in RabbitMQ. In 4.3 a quorum queue counts
# a reject as a failed delivery: by default the message is dropped after 20, without a trace if there is no dead letter exchange.
# A nack is never counted. Whoever gives back messages unseen, at a shutdown or a rebalance, must nack.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
libraries com.rabbitmq:amqp-client:5.30.0 org.slf4j:slf4j-nop:1.7.36
rabbitmq
cat >"$work/Finding.java" <<'JAVA'
import java.util.Map;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.GetResponse;

class Finding {

	public static void main(String[] args) throws Exception {
		ConnectionFactory factory = new ConnectionFactory();
		factory.setPort(Integer.parseInt(args[0]));
		try (Connection connection = factory.newConnection(); Channel channel = connection.createChannel()) {
			channel.confirmSelect();
			System.out.println("reject: " + deliveries(channel, "rejected"));
			System.out.println("nack: " + deliveries(channel, "nacked"));
		}
	}

	static String deliveries(Channel channel, String queue) throws Exception {
		channel.queueDeclare(queue, true, false, false, Map.of("x-queue-type", "quorum"));
		channel.basicPublish("", queue, null, new byte[1]);
		channel.waitForConfirmsOrDie(10_000);
		for (int count = 0; count < 200; count++) {
			GetResponse response = get(channel, queue);
			if (response == null) {
				return "gone after " + count + " deliveries";
			}
			long tag = response.getEnvelope().getDeliveryTag();
			if (queue.equals("rejected")) {
				channel.basicReject(tag, true);
			}
			else {
				channel.basicNack(tag, false, true);
			}
		}
		return "still there after 200 deliveries";
	}

	/** What is given back may take a moment to be there again. */
	static GetResponse get(Channel channel, String queue) throws Exception {
		long end = System.nanoTime() + 3_000_000_000L;
		GetResponse response;
		do {
			response = channel.basicGet(queue, false);
		}
		while (response == null && System.nanoTime() < end);
		return response;
	}

}
JAVA
seen=$(run Finding)
expect 'reject: gone after 21 deliveries
nack: still there after 200 deliveries'
