#!/usr/bin/env bash
# RabbitMQ 4.3.6, amqp-client 5.30.0: x-overflow=reject-publish-dlx on a quorum queue pushes out the oldest instead of rejecting the newest.
#
# A classic queue with reject-publish-dlx rejects what does not fit (basic.nack), and dead-letters it. A quorum queue accepts the same
# arguments at its declaration, without an error or a warning to the client, and then does the opposite: it confirms every message
# (basic.ack) and pushes out the oldest, which was confirmed before. With a dead letter exchange that one goes there, without one it
# is gone. Publishers that count on the nack as back-pressure lose what they sent first. reject-publish works as it should on both.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
libraries com.rabbitmq:amqp-client:5.30.0 org.slf4j:slf4j-nop:1.7.36
rabbitmq
cat >"$work/Finding.java" <<'JAVA'
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.GetResponse;

class Finding {

	public static void main(String[] args) throws Exception {
		ConnectionFactory factory = new ConnectionFactory();
		factory.setPort(Integer.parseInt(args[0]));
		try (Connection connection = factory.newConnection()) {
			for (String type : new String[] { "classic", "quorum" }) {
				for (String overflow : new String[] { "reject-publish", "reject-publish-dlx" }) {
					System.out.println(type + ", " + overflow + ": " + fill(connection, type, overflow));
				}
			}
		}
	}

	static String fill(Connection connection, String type, String overflow) throws Exception {
		Channel channel = connection.createChannel();
		String queue = type + "-" + overflow;
		channel.queueDeclare(queue, true, false, false, Map.of("x-queue-type", type, "x-max-length", 5, "x-overflow", overflow));
		channel.confirmSelect();
		AtomicInteger acks = new AtomicInteger();
		AtomicInteger nacks = new AtomicInteger();
		channel.addConfirmListener((tag, multiple) -> acks.incrementAndGet(), (tag, multiple) -> nacks.incrementAndGet());
		for (int i = 1; i <= 20; i++) {
			channel.basicPublish("", queue, null, new byte[] { (byte) i });
			channel.waitForConfirms(10_000);
		}
		GetResponse head = channel.basicGet(queue, true);
		return "acks " + acks.get() + ", nacks " + nacks.get() + ", oldest in the queue: message " + head.getBody()[0];
	}

}
JAVA
seen=$(run Finding)
expect 'classic, reject-publish: acks 5, nacks 15, oldest in the queue: message 1
classic, reject-publish-dlx: acks 5, nacks 15, oldest in the queue: message 1
quorum, reject-publish: acks 6, nacks 14, oldest in the queue: message 1
quorum, reject-publish-dlx: acks 20, nacks 0, oldest in the queue: message 16'
