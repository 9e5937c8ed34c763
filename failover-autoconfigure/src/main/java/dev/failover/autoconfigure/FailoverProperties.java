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

package dev.failover.autoconfigure;

import java.time.Duration;
import java.util.List;

import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.InitializingBean;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.convert.Delimiter;

import dev.failover.detection.HealthCheckPolicy;
import dev.failover.template.PublishInTransaction;

/**
 * Configuration properties of failover.
 */
@ConfigurationProperties("failover")
public class FailoverProperties implements InitializingBean {

	/**
	 * List of brokers, each a URL or an object; several URLs in one string are separated
	 * by semicolons. Taken from 'spring.rabbitmq' or the connection details if not set.
	 */
	@Delimiter(";")
	private @Nullable List<BrokerProperties> brokers;

	/**
	 * Name of the strategy that orders the brokers: a shipped one, or that of a bean of
	 * type FailoverStrategy.
	 */
	private String strategy = "round-robin";

	/**
	 * How many brokers must answer before the application context is up.
	 */
	private Startup startup = Startup.LAZY;

	/**
	 * Whether to keep connections to the broker that comes next, so that a failover need
	 * not open them.
	 */
	private boolean standby = true;

	/**
	 * How long the end of the application context may take when brokers do not answer.
	 */
	private Duration shutdownTimeout = Duration.ofSeconds(10);

	private final Connect connect = new Connect();

	private final Detection detection = new Detection();

	private final Ensure ensure = new Ensure();

	private final Publish publish = new Publish();

	private final Listener listener = new Listener();

	private final Topology topology = new Topology();

	private final Move move = new Move();

	private final HealthCheck healthCheck = new HealthCheck();

	private final Failback failback = new Failback();

	private final Rebalance rebalance = new Rebalance();

	public @Nullable List<BrokerProperties> getBrokers() {
		return this.brokers;
	}

	public void setBrokers(@Nullable List<BrokerProperties> brokers) {
		this.brokers = brokers;
	}

	public String getStrategy() {
		return this.strategy;
	}

	public void setStrategy(String strategy) {
		this.strategy = strategy;
	}

	public Startup getStartup() {
		return this.startup;
	}

	public void setStartup(Startup startup) {
		this.startup = startup;
	}

	public boolean isStandby() {
		return this.standby;
	}

	public void setStandby(boolean standby) {
		this.standby = standby;
	}

	public Duration getShutdownTimeout() {
		return this.shutdownTimeout;
	}

	public void setShutdownTimeout(Duration shutdownTimeout) {
		this.shutdownTimeout = shutdownTimeout;
	}

	public Connect getConnect() {
		return this.connect;
	}

	public Detection getDetection() {
		return this.detection;
	}

	public Ensure getEnsure() {
		return this.ensure;
	}

	public Publish getPublish() {
		return this.publish;
	}

	public Listener getListener() {
		return this.listener;
	}

	public Topology getTopology() {
		return this.topology;
	}

	public HealthCheck getHealthCheck() {
		return this.healthCheck;
	}

	public Failback getFailback() {
		return this.failback;
	}

	public Rebalance getRebalance() {
		return this.rebalance;
	}

	public Move getMove() {
		return this.move;
	}

	@Override
	public void afterPropertiesSet() {
		FailoverPropertiesValidator.validate(this);
	}

	/**
	 * How many brokers must answer before the application context is up.
	 */
	public enum Startup {

		/**
		 * No broker is connected to before one is needed.
		 */
		LAZY,

		/**
		 * At least one broker must answer.
		 */
		ONE,

		/**
		 * Every broker must answer.
		 */
		ALL

	}

	/**
	 * Properties of opening connections.
	 */
	public static class Connect {

		/**
		 * How long to wait for one broker, from the resolution of its name to the open
		 * connection.
		 */
		private Duration timeout = Duration.ofSeconds(3);

		/**
		 * How long to wait for one broker before the next one is tried beside it. Zero
		 * tries one after the other.
		 */
		private Duration raceDelay = Duration.ofMillis(250);

		public Duration getTimeout() {
			return this.timeout;
		}

		public void setTimeout(Duration timeout) {
			this.timeout = timeout;
		}

		public Duration getRaceDelay() {
			return this.raceDelay;
		}

		public void setRaceDelay(Duration raceDelay) {
			this.raceDelay = raceDelay;
		}

	}

	/**
	 * Properties of ensured work.
	 */
	public static class Ensure {

		/**
		 * How often a failed call is tried again. Unlimited if not set.
		 */
		private @Nullable Integer maxRetries;

		/**
		 * Total time that a call may take with all its retries and waits.
		 */
		private Duration timeout = Duration.ofSeconds(60);

		private final Interval interval = new Interval();

		public @Nullable Integer getMaxRetries() {
			return this.maxRetries;
		}

		public void setMaxRetries(@Nullable Integer maxRetries) {
			this.maxRetries = maxRetries;
		}

		public Duration getTimeout() {
			return this.timeout;
		}

		public void setTimeout(Duration timeout) {
			this.timeout = timeout;
		}

		public Interval getInterval() {
			return this.interval;
		}

		/**
		 * Properties of the wait between two passes over the brokers.
		 */
		public static class Interval {

			/**
			 * First wait.
			 */
			private Duration start = Duration.ZERO;

			/**
			 * What is added to the wait after each pass.
			 */
			private Duration step = Duration.ofMillis(200);

			/**
			 * Longest wait.
			 */
			private Duration max = Duration.ofSeconds(2);

			/**
			 * Share of the wait that is random, from 0 to 1.
			 */
			private double jitter = 0.2;

			/**
			 * Factor by which the wait grows after each pass, instead of the step.
			 */
			private @Nullable Double multiplier;

			public Duration getStart() {
				return this.start;
			}

			public void setStart(Duration start) {
				this.start = start;
			}

			public Duration getStep() {
				return this.step;
			}

			public void setStep(Duration step) {
				this.step = step;
			}

			public Duration getMax() {
				return this.max;
			}

			public void setMax(Duration max) {
				this.max = max;
			}

			public double getJitter() {
				return this.jitter;
			}

			public void setJitter(double jitter) {
				this.jitter = jitter;
			}

			public @Nullable Double getMultiplier() {
				return this.multiplier;
			}

			public void setMultiplier(@Nullable Double multiplier) {
				this.multiplier = multiplier;
			}

		}

	}

	/**
	 * Properties of publishing.
	 */
	public static class Publish {

		/**
		 * How long a broker may confirm nothing before it has to open another channel.
		 * After three times that, messages of a destination that does not confirm are
		 * published on another channel.
		 */
		private Duration confirmTimeout = Duration.ofSeconds(5);

		/**
		 * How many messages may be sent and not confirmed yet.
		 */
		private int maxInFlight = 1000;

		/**
		 * When to publish what is sent within the transaction of another resource, a
		 * database for example.
		 */
		private PublishInTransaction inTransaction = PublishInTransaction.BEFORE_COMMIT;

		/**
		 * Whether what Spring Cloud Stream's binder for RabbitMQ sends is published with
		 * failover.
		 */
		private boolean streamBinder = true;

		public Duration getConfirmTimeout() {
			return this.confirmTimeout;
		}

		public void setConfirmTimeout(Duration confirmTimeout) {
			this.confirmTimeout = confirmTimeout;
		}

		public int getMaxInFlight() {
			return this.maxInFlight;
		}

		public void setMaxInFlight(int maxInFlight) {
			this.maxInFlight = maxInFlight;
		}

		public PublishInTransaction getInTransaction() {
			return this.inTransaction;
		}

		public void setInTransaction(PublishInTransaction inTransaction) {
			this.inTransaction = inTransaction;
		}

		public boolean isStreamBinder() {
			return this.streamBinder;
		}

		public void setStreamBinder(boolean streamBinder) {
			this.streamBinder = streamBinder;
		}

	}

	/**
	 * Properties of consumers.
	 */
	public static class Listener {

		/**
		 * Whether listener containers go on trying, soon, where they find no broker,
		 * login or queue when they begin to consume.
		 */
		private boolean tune = true;

		/**
		 * Brokers that consumers consume from.
		 */
		private ListenerBrokers brokers = ListenerBrokers.AUTO;

		private final Deduplication deduplication = new Deduplication();

		public boolean isTune() {
			return this.tune;
		}

		public void setTune(boolean tune) {
			this.tune = tune;
		}

		public ListenerBrokers getBrokers() {
			return this.brokers;
		}

		public void setBrokers(ListenerBrokers brokers) {
			this.brokers = brokers;
		}

		/**
		 * Brokers that consumers consume from.
		 */
		public enum ListenerBrokers {

			/**
			 * The active broker, and one healthy broker of each other cluster, by the
			 * names that brokers report. Those that report none count as independent.
			 */
			AUTO,

			/**
			 * The active broker, and one that was left in a planned move or because of an
			 * alarm, until its queues are empty or it fails.
			 */
			ACTIVE,

			/**
			 * Every healthy broker.
			 */
			ALL

		}

		public Deduplication getDeduplication() {
			return this.deduplication;
		}

		/**
		 * Properties of dropping messages that were handled already.
		 */
		public static class Deduplication {

			/**
			 * Whether listeners drop messages whose id was handled already.
			 */
			private boolean enabled;

			/**
			 * How many messages to remember.
			 */
			private int maxSize = 100_000;

			/**
			 * How long to remember a message.
			 */
			private Duration expireAfter = Duration.ofMinutes(10);

			/**
			 * What to do with a message that was handled, and is delivered again because
			 * its acknowledgement did not arrive.
			 */
			private Redelivered redelivered = Redelivered.DROP;

			public boolean isEnabled() {
				return this.enabled;
			}

			public void setEnabled(boolean enabled) {
				this.enabled = enabled;
			}

			public int getMaxSize() {
				return this.maxSize;
			}

			public void setMaxSize(int maxSize) {
				this.maxSize = maxSize;
			}

			public Duration getExpireAfter() {
				return this.expireAfter;
			}

			public void setExpireAfter(Duration expireAfter) {
				this.expireAfter = expireAfter;
			}

			public Redelivered getRedelivered() {
				return this.redelivered;
			}

			public void setRedelivered(Redelivered redelivered) {
				this.redelivered = redelivered;
			}

			/**
			 * What to do with a message that was handled, and is delivered again because
			 * its acknowledgement did not arrive.
			 */
			public enum Redelivered {

				/**
				 * Drop it.
				 */
				DROP,

				/**
				 * Handle it again.
				 */
				HANDLE

			}

		}

	}

	/**
	 * Properties of queues, exchanges and bindings.
	 */
	public static class Topology {

		/**
		 * Whether what was declared through a RabbitAdmin at run time is declared on the
		 * next broker, too.
		 */
		private boolean redeclareManualDeclarations = true;

		/**
		 * How long a broker may take to answer a declaration, half the connect time-out
		 * at most. What is not answered then is tried again in the background.
		 */
		private Duration declareTimeout = Duration.ofSeconds(1);

		public boolean isRedeclareManualDeclarations() {
			return this.redeclareManualDeclarations;
		}

		public void setRedeclareManualDeclarations(boolean redeclareManualDeclarations) {
			this.redeclareManualDeclarations = redeclareManualDeclarations;
		}

		public Duration getDeclareTimeout() {
			return this.declareTimeout;
		}

		public void setDeclareTimeout(Duration declareTimeout) {
			this.declareTimeout = declareTimeout;
		}

	}

	/**
	 * Settings of health checks of brokers that answer.
	 */
	public static class HealthCheck {

		/**
		 * Whether all or any of several health checks must say that a broker is healthy.
		 */
		private HealthCheckPolicy policy = HealthCheckPolicy.ALL;

		/**
		 * Time from the end of the health checks of a broker to the next ones.
		 */
		private Duration interval = Duration.ofSeconds(5);

		/**
		 * How long a health check may take.
		 */
		private Duration timeout = Duration.ofSeconds(2);

		public HealthCheckPolicy getPolicy() {
			return this.policy;
		}

		public void setPolicy(HealthCheckPolicy policy) {
			this.policy = policy;
		}

		public Duration getInterval() {
			return this.interval;
		}

		public void setInterval(Duration interval) {
			this.interval = interval;
		}

		public Duration getTimeout() {
			return this.timeout;
		}

		public void setTimeout(Duration timeout) {
			this.timeout = timeout;
		}

	}

	/**
	 * Settings of the way back to a broker that is preferred.
	 */
	public static class Failback {

		/**
		 * Whether to go back to a broker that the strategy prefers, by a planned move.
		 */
		private boolean enabled = true;

		/**
		 * How long the preferred broker must have been up without a failure.
		 */
		private Duration grace = Duration.ofSeconds(30);

		public boolean isEnabled() {
			return this.enabled;
		}

		public void setEnabled(boolean enabled) {
			this.enabled = enabled;
		}

		public Duration getGrace() {
			return this.grace;
		}

		public void setGrace(Duration grace) {
			this.grace = grace;
		}

	}

	/**
	 * Settings of the spread of applications over the brokers after one came back.
	 */
	public static class Rebalance {

		/**
		 * Whether to move, by a planned move, to a broker drawn from those that are up
		 * when one came back. Not with the strategies "priority" and "weighted".
		 */
		private boolean enabled;

		/**
		 * Time within which to move, at a random moment.
		 */
		private Duration window = Duration.ofMinutes(1);

		public boolean isEnabled() {
			return this.enabled;
		}

		public void setEnabled(boolean enabled) {
			this.enabled = enabled;
		}

		public Duration getWindow() {
			return this.window;
		}

		public void setWindow(Duration window) {
			this.window = window;
		}

	}

	/**
	 * Settings of planned moves to another broker.
	 */
	public static class Move {

		/**
		 * How long work may go on, on the broker that is left: confirms, operations, and
		 * messages in the hands of listeners.
		 */
		private Duration timeout = Duration.ofSeconds(10);

		public Duration getTimeout() {
			return this.timeout;
		}

		public void setTimeout(Duration timeout) {
			this.timeout = timeout;
		}

	}

	/**
	 * Settings of detection.
	 */
	public static class Detection {

		/**
		 * Interval between probes of a connection. The brokers that are not active are
		 * probed ten times slower, those of them that answer again two times.
		 */
		private Duration probeInterval = Duration.ofMillis(500);

		/**
		 * How long to wait for the answer to a probe.
		 */
		private Duration probeTimeout = Duration.ofMillis(500);

		/**
		 * How many probes in a row must fail until a broker is given up.
		 */
		private int failureThreshold = 2;

		/**
		 * How many probes in a row a broker that failed must answer until it counts as up
		 * again.
		 */
		private int successThreshold = 3;

		/**
		 * What to do when the active broker is blocked by a resource alarm.
		 */
		private OnBlocked onBlocked = OnBlocked.SWITCH;

		/**
		 * How long the active broker may be blocked until it is left.
		 */
		private Duration blockedGrace = Duration.ofSeconds(1);

		/**
		 * How often to look for messages that wait on a broker where nobody consumes
		 * them. 0 to switch that off.
		 */
		private Duration queueInterval = Duration.ofSeconds(30);

		public Duration getProbeInterval() {
			return this.probeInterval;
		}

		public void setProbeInterval(Duration probeInterval) {
			this.probeInterval = probeInterval;
		}

		public Duration getProbeTimeout() {
			return this.probeTimeout;
		}

		public void setProbeTimeout(Duration probeTimeout) {
			this.probeTimeout = probeTimeout;
		}

		public int getFailureThreshold() {
			return this.failureThreshold;
		}

		public void setFailureThreshold(int failureThreshold) {
			this.failureThreshold = failureThreshold;
		}

		public int getSuccessThreshold() {
			return this.successThreshold;
		}

		public void setSuccessThreshold(int successThreshold) {
			this.successThreshold = successThreshold;
		}

		public OnBlocked getOnBlocked() {
			return this.onBlocked;
		}

		public void setOnBlocked(OnBlocked onBlocked) {
			this.onBlocked = onBlocked;
		}

		public Duration getQueueInterval() {
			return this.queueInterval;
		}

		public void setQueueInterval(Duration queueInterval) {
			this.queueInterval = queueInterval;
		}

		public Duration getBlockedGrace() {
			return this.blockedGrace;
		}

		public void setBlockedGrace(Duration blockedGrace) {
			this.blockedGrace = blockedGrace;
		}

		/**
		 * What to do when the active broker is blocked by a resource alarm.
		 */
		public enum OnBlocked {

			/**
			 * Switch to another broker, if there is a usable one.
			 */
			SWITCH,

			/**
			 * Wait until the alarm ends.
			 */
			WAIT

		}

	}

}
