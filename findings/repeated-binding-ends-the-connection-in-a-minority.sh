#!/usr/bin/env bash
# RabbitMQ 4.3.6, amqp-client 5.30.0: without a majority, a node confirms the queues and exchanges that there are, but not the bindings.
#
# Clients declare their topology each time they connect, which changes nothing if it is there. In the minority of a cluster the declaration of
# an existing queue or exchange is answered at once, as nothing has to be written. The binding that is there as well is written all the same:
# the answer comes after half a minute, and it is the end of the whole connection (541), with all consumers and channels on it.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
libraries com.rabbitmq:amqp-client:5.30.0 org.slf4j:slf4j-nop:1.7.36
rabbitmq
first=$RABBITMQ_NODENAME left=$port
rabbitmq
for command in stop_app "join_cluster $first" start_app; do
	# shellcheck disable=SC2086
	"$home/sbin/rabbitmqctl" -q $command >"$work/$RABBITMQ_NODENAME.out" 2>&1 || { cat "$work/$RABBITMQ_NODENAME.out" >&2; exit 1; }
done
cat >"$work/Finding.java" <<'JAVA'
import java.util.Map;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.ShutdownSignalException;

class Finding {

	interface Declaration {

		void on(Channel channel) throws Exception;

	}

	public static void main(String[] args) throws Exception {
		ConnectionFactory factory = new ConnectionFactory();
		factory.setPort(Integer.parseInt(args[0]));
		factory.setAutomaticRecoveryEnabled(false);
		factory.setChannelRpcTimeout(120_000);
		print(factory, "queue", (channel) -> channel.queueDeclare("orders", true, false, false, Map.of()));
		print(factory, "exchange", (channel) -> channel.exchangeDeclare("shop", "direct", true));
		print(factory, "binding", (channel) -> channel.queueBind("orders", "shop", "new"));
	}

	static void print(ConnectionFactory factory, String name, Declaration declaration) throws Exception {
		Connection connection = factory.newConnection();
		String answer = "declared";
		long start = System.nanoTime();
		try {
			declaration.on(connection.createChannel());
		}
		catch (Exception ex) {
			answer = (ex.getCause() instanceof ShutdownSignalException signal
					&& signal.getReason() instanceof AMQP.Connection.Close close)
							? "connection closed with " + close.getReplyCode() : ex.toString();
		}
		long seconds = (System.nanoTime() - start) / 1_000_000_000;
		System.out.println(name + ": " + answer + ", "
				+ ((seconds < 5) ? "at once" : (seconds > 15 && seconds < 60) ? "after half a minute" : "after " + seconds + " s"));
		connection.abort(1000);
	}

}
JAVA
port=$left
seen="both nodes run
$(run Finding)"
kill -9 "${nodes[1]}"
wait "${nodes[1]}" 2>/dev/null || true
seen="$seen
one of two is dead
$(run Finding)"
expect 'both nodes run
queue: declared, at once
exchange: declared, at once
binding: declared, at once
one of two is dead
queue: declared, at once
exchange: declared, at once
binding: connection closed with 541, after half a minute'
