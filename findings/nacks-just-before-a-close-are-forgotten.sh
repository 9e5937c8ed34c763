#!/usr/bin/env bash
# RabbitMQ 4.3.6, amqp-client 5.30.0: what a client gives back one by one just before it closes its channel counts as failed all the same.
#
# A quorum queue counts what a closed channel leaves unsettled towards its delivery limit, and what is given back by basic.nack not.
# Frames of a channel are handled in order, so nacks before a close should do. But the channel passes on only some of many settlements,
# and keeps the rest until the queue has answered; a close that comes within that time discards them. One nack for all of them counts
# nothing, nor do single ones if the close comes a second later. Whoever gives back at shutdown must use "multiple", or wait.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
libraries com.rabbitmq:amqp-client:5.30.0 org.slf4j:slf4j-nop:1.7.36
rabbitmq
cat >"$work/Finding.java" <<'JAVA'
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.Delivery;

class Finding {

	static final int MESSAGES = 500;

	public static void main(String[] args) throws Exception {
		ConnectionFactory factory = new ConnectionFactory();
		factory.setPort(Integer.parseInt(args[0]));
		try (Connection connection = factory.newConnection()) {
			System.out.println("single nacks, close: " + counted(connection, "single", false, 0));
			System.out.println("single nacks, close a second later: " + counted(connection, "later", false, 1000));
			System.out.println("one nack, close: " + counted(connection, "multiple", true, 0));
		}
	}

	static String counted(Connection connection, String queue, boolean multiple, long pause) throws Exception {
		try (Channel channel = connection.createChannel()) {
			channel.confirmSelect();
			channel.queueDeclare(queue, true, false, false, Map.of("x-queue-type", "quorum"));
			for (int i = 0; i < MESSAGES; i++) {
				channel.basicPublish("", queue, null, new byte[1]);
			}
			channel.waitForConfirmsOrDie(10_000);
		}
		Channel channel = connection.createChannel();
		BlockingQueue<Delivery> first = consume(channel, queue);
		long[] tags = new long[MESSAGES];
		for (int i = 0; i < MESSAGES; i++) {
			tags[i] = take(first).getEnvelope().getDeliveryTag();
		}
		// nothing is delivered again meanwhile
		channel.basicCancel("consumer");
		if (multiple) {
			channel.basicNack(0, true, true);
		}
		else {
			for (long tag : tags) {
				channel.basicNack(tag, false, true);
			}
		}
		Thread.sleep(pause);
		channel.close();
		int failed = 0;
		try (Channel again = connection.createChannel()) {
			BlockingQueue<Delivery> second = consume(again, queue);
			for (int i = 0; i < MESSAGES; i++) {
				Map<String, Object> headers = take(second).getProperties().getHeaders();
				Object count = (headers != null) ? headers.get("x-delivery-count") : null;
				failed += (count != null && ((Number) count).longValue() > 0) ? 1 : 0;
			}
			again.basicAck(0, true);
		}
		return (failed == 0) ? "none counted" : (failed < MESSAGES) ? "some counted" : "all counted";
	}

	static BlockingQueue<Delivery> consume(Channel channel, String queue) throws Exception {
		BlockingQueue<Delivery> deliveries = new LinkedBlockingQueue<>();
		channel.basicQos(MESSAGES);
		channel.basicConsume(queue, false, "consumer", (tag, delivery) -> deliveries.add(delivery), (tag) -> {
		});
		return deliveries;
	}

	static Delivery take(BlockingQueue<Delivery> deliveries) throws Exception {
		Delivery delivery = deliveries.poll(30, TimeUnit.SECONDS);
		if (delivery == null) {
			throw new IllegalStateException("Nothing was delivered");
		}
		return delivery;
	}

}
JAVA
seen=$(run Finding)
expect 'single nacks, close: some counted
single nacks, close a second later: none counted
one nack, close: none counted'
