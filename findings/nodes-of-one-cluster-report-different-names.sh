#!/usr/bin/env bash
# RabbitMQ 4.3.6, amqp-client 5.30.0: the nodes of one cluster tell clients different names of the cluster.
#
# Each node tells clients the cluster's name when they connect (server property cluster_name of connection.start). As long as nobody has set a name
# with rabbitmqctl set_cluster_name, there is none that the nodes share: each makes one up from its own node name, also after it has joined the others. So a
# client that compares the names, as federation and monitoring do, takes the nodes of one cluster for several clusters.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
libraries com.rabbitmq:amqp-client:5.30.0 org.slf4j:slf4j-nop:1.7.36
rabbitmq
first=$RABBITMQ_NODENAME ports=$port
rabbitmq
ports=$ports,$port
for command in stop_app "join_cluster $first" start_app; do
	# shellcheck disable=SC2086
	"$home/sbin/rabbitmqctl" -q $command >"$work/$RABBITMQ_NODENAME.out" 2>&1 || { cat "$work/$RABBITMQ_NODENAME.out" >&2; exit 1; }
done
members=$("$home/sbin/rabbitmqctl" -q eval 'length(rabbit_nodes:list_running()).')
cat >"$work/Finding.java" <<'JAVA'
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;

import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;

class Finding {

	public static void main(String[] args) throws Exception {
		List<String> names = new ArrayList<>();
		for (String port : args[0].split(",")) {
			ConnectionFactory factory = new ConnectionFactory();
			factory.setPort(Integer.parseInt(port));
			try (Connection connection = factory.newConnection()) {
				names.add(connection.getServerProperties().get("cluster_name").toString());
			}
		}
		System.out.println(names.size() + " nodes report " + new HashSet<>(names).size() + " cluster name(s)");
	}

}
JAVA
port=$ports
seen="running members of the cluster: $members
not named: $(run Finding)"
"$home/sbin/rabbitmqctl" -q set_cluster_name orders >/dev/null
seen="$seen
named: $(run Finding)"
expect 'running members of the cluster: 2
not named: 2 nodes report 2 cluster name(s)
named: 2 nodes report 1 cluster name(s)'
