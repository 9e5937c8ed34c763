#!/usr/bin/env bash
# RabbitMQ 4.3.6, amqp-client 5.30.0, JDK 17, TLS 1.3: a client without the certificate that the broker demands is told so, or not.
#
# With TLS 1.3 the client has completed its side of the handshake before the broker looks at its certificate. The broker sends the alert
# certificate_required and closes the socket, on which the protocol header of the client has arrived by then, so that the socket is reset. The client
# reads the alert, an SSLHandshakeException, or notices the reset first: a plain SocketException, as of a broker that has died.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
libraries com.rabbitmq:amqp-client:5.30.0 org.slf4j:slf4j-nop:1.7.36
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
	-keyout "$work/key.pem" -out "$work/certificate.pem" 2>"$work/openssl.log"
tls=$(free_port)
rabbitmq "listeners.ssl.1 = 127.0.0.1:$tls" "ssl_options.cacertfile = $work/certificate.pem" "ssl_options.certfile = $work/certificate.pem" \
	"ssl_options.keyfile = $work/key.pem" 'ssl_options.verify = verify_peer' 'ssl_options.fail_if_no_peer_cert = true'
cat >"$work/Finding.java" <<'JAVA'
import java.io.FileInputStream;
import java.io.InputStream;
import java.net.SocketException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.Set;
import java.util.TreeSet;

import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.TrustManagerFactory;

import com.rabbitmq.client.ConnectionFactory;

class Finding {

	public static void main(String[] args) throws Exception {
		KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
		trusted.load(null, null);
		try (InputStream certificate = new FileInputStream(System.getProperty("user.home") + "/certificate.pem")) {
			trusted.setCertificateEntry("broker", CertificateFactory.getInstance("X.509").generateCertificate(certificate));
		}
		TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
		trust.init(trusted);
		Set<String> seen = new TreeSet<>();
		for (int i = 0; i < 300; i++) {
			SSLContext context = SSLContext.getInstance("TLSv1.3");
			context.init(null, trust.getTrustManagers(), null);
			ConnectionFactory factory = new ConnectionFactory();
			factory.setHost("localhost");
			factory.setPort(Integer.parseInt(args[0]));
			factory.useSslProtocol(context);
			try {
				factory.newConnection().abort();
				seen.add("connected");
			}
			catch (SSLHandshakeException ex) {
				seen.add(ex.getMessage().contains("certificate_required") ? "alert certificate_required" : ex.getMessage());
			}
			catch (SocketException ex) {
				seen.add("reset");
			}
		}
		System.out.println(String.join(", ", seen));
	}

}
JAVA
port=$tls
seen="300 connects: $(JAVA_TOOL_OPTIONS=-Duser.home=$work run Finding)"
expect '300 connects: alert certificate_required, reset'
