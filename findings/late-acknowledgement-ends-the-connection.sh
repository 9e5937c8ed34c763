#!/usr/bin/env bash
# RabbitMQ 4.3.6 with amqp-client 5.30.0: an acknowledgement that comes after the consumer time-out ends the whole connection; a nack does not.
#
# When a consumer of a quorum queue holds a message longer than consumer_timeout, RabbitMQ 4.3 cancels that consumer and leaves the channel
# open (before, it closed the channel). If the listener then acknowledges late, the broker delivers the requeued message to the consumer
# that it has cancelled. amqp-client has forgotten that tag, calls it an unsolicited delivery, and closes the connection with all its
# channels and consumers. basic.nack with requeue in place of the acknowledgement is harmless.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
libraries com.rabbitmq:amqp-client:5.30.0 org.slf4j:slf4j-nop:1.7.36
rabbitmq 'consumer_timeout = 5000'
cat >"$work/Finding.java" <<'JAVA'
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.Delivery;
import com.rabbitmq.client.ShutdownSignalException;

class Finding {

	public static void main(String[] args) throws Exception {
		ConnectionFactory factory = new ConnectionFactory();
		factory.setPort(Integer.parseInt(args[0]));
		factory.setAutomaticRecoveryEnabled(false);
		System.out.println("late ack: " + settleLate(factory, "acked"));
		System.out.println("late nack: " + settleLate(factory, "nacked"));
		System.exit(0);
	}

	static String settleLate(ConnectionFactory factory, String queue) throws Exception {
		Connection connection = factory.newConnection();
		Channel channel = connection.createChannel();
		CompletableFuture<ShutdownSignalException> closed = new CompletableFuture<>();
		connection.addShutdownListener(closed::complete);
		channel.queueDeclare(queue, true, false, false, Map.of("x-queue-type", "quorum"));
		channel.basicPublish("", queue, null, new byte[1]);
		CompletableFuture<Delivery> delivered = new CompletableFuture<>();
		CompletableFuture<String> cancelled = new CompletableFuture<>();
		channel.basicConsume(queue, false, (tag, delivery) -> delivered.complete(delivery), cancelled::complete);
		long tag = delivered.get(10, TimeUnit.SECONDS).getEnvelope().getDeliveryTag();
		cancelled.get(120, TimeUnit.SECONDS);
		String seen = "consumer cancelled, channel " + (channel.isOpen() ? "open" : "closed");
		if (queue.equals("acked")) {
			channel.basicAck(tag, false);
		}
		else {
			channel.basicNack(tag, false, true);
		}
		try {
			ShutdownSignalException signal = closed.get(10, TimeUnit.SECONDS);
			return seen + ", connection closed: " + signal.getCause().getMessage().replaceAll(" - .*", "");
		}
		catch (TimeoutException ex) {
			return seen + ", connection open";
		}
	}

}
JAVA
seen=$(run Finding)
expect 'late ack: consumer cancelled, channel open, connection closed: Unsolicited delivery
late nack: consumer cancelled, channel open, connection open'
