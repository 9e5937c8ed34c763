#!/usr/bin/env bash
# Sourced by the scripts beside it: a temporary folder with pinned libraries from Maven's repository, and a node of RabbitMQ 4.3.6.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d /tmp/finding-XXXXXX)
home=
nodes=()
finish() {
	local node
	for node in "${nodes[@]}"; do
		kill -9 "$node" 2>/dev/null && wait "$node" 2>/dev/null || true
	done
	[ ${#nodes[@]} = 0 ] || "$home/bin/epmd" -kill >/dev/null 2>&1 || true
	for mounted in proc dev tmp; do
		! mountpoint -q "$work/rabbitmq/root/$mounted" || umount -l "$work/rabbitmq/root/$mounted"
	done
	rm -rf --one-file-system "$work"
}
trap finish EXIT

# libraries GROUP:ARTIFACT:VERSION...: downloads them, with what they need, into $work/lib
libraries() {
	local coordinates group artifact version
	{
		printf '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>\n'
		printf '<groupId>finding</groupId><artifactId>finding</artifactId><version>1</version><dependencies>\n'
		for coordinates in "$@"; do
			IFS=: read -r group artifact version <<<"$coordinates"
			printf '<dependency><groupId>%s</groupId><artifactId>%s</artifactId><version>%s</version></dependency>\n' \
				"$group" "$artifact" "$version"
		done
		printf '</dependencies></project>\n'
	} >"$work/pom.xml"
	mvn -B -q -f "$work/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
		-DincludeScope=runtime -DoutputDirectory="$work/lib" >"$work/mvn.log" 2>&1 || { cat "$work/mvn.log" >&2; exit 1; }
}

free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# rabbitmq LINES...: installs RabbitMQ 4.3.6 from Debian's packages, and starts a node with these lines of configuration; its port is $port,
# and rabbitmqctl is for it. Called once more, it starts a further node.
# Takes two minutes; RABBITMQ_4 names a folder that has it already.
rabbitmq() {
	local version
	home=${RABBITMQ_4:-$work/rabbitmq}
	"$here/../src/rabbitmq/provide" "$home" >&2
	version=$("$home/sbin/rabbitmqctl" version)
	[ "$version" = 4.3.6 ] || { echo "The package is RabbitMQ $version now, not 4.3.6" >&2; exit 1; }
	port=$(free_port)
	export HOME=$work ERL_EPMD_PORT RABBITMQ_DIST_PORT RABBITMQ_NODENAME="finding-$$-${#nodes[@]}@localhost" RABBITMQ_CONF_ENV_FILE=/dev/null \
		RABBITMQ_MNESIA_BASE=$work/data RABBITMQ_LOG_BASE=$work/log RABBITMQ_CONFIG_FILE=$work/rabbitmq.conf \
		RABBITMQ_ENABLED_PLUGINS_FILE=$work/enabled_plugins RUNNING_UNDER_SYSTEMD=true
	[ -n "${ERL_EPMD_PORT:-}" ] || ERL_EPMD_PORT=$(free_port)
	RABBITMQ_DIST_PORT=$(free_port)
	if [ ! -e "$work/.erlang.cookie" ]; then
		printf 'finding%s' "$$" >"$work/.erlang.cookie"
		chmod 400 "$work/.erlang.cookie"
	fi
	echo '[].' >"$work/enabled_plugins"
	printf '%s\n' "listeners.tcp.1 = 127.0.0.1:$port" 'disk_free_limit.absolute = 1MB' "$@" >"$work/rabbitmq.conf"
	"$home/sbin/rabbitmq-server" >"$work/console.log" 2>&1 &
	nodes+=($!)
	for _ in $(seq 120); do
		! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || return 0
		sleep 1
	done
	tail -n 20 "$work/console.log" >&2
	exit 1
}

# run CLASS: compiles the sources in $work and runs one with the port; prints what it has seen
run() {
	javac -proc:none -nowarn -cp "$work/lib/*" -d "$work/classes" "$work"/*.java
	timeout 400 java -cp "$work/classes:$work/lib/*" "$1" "$port" 2>"$work/err.log" || { tail -n 20 "$work/err.log" >&2; exit 1; }
}

# expect TEXT: fails if what was seen is not this
expect() {
	printf '%s\n' "$seen"
	if [ "$seen" != "$1" ]; then
		printf 'The behaviour has changed. It was:\n%s\n' "$1" >&2
		exit 1
	fi
}
