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

package dev.failover.test;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/**
 * Makes certificates with the JDK's {@code keytool}.
 */
final class TestCertificates {

	static final String LOCALHOST = "localhost";

	private static final String PASSWORD = "changeit";

	private static final String TYPE = "PKCS12";

	private static final String CA = "ca";

	private static final String SERVER = "server";

	private static final String CLIENT = "client";

	private static final int TIMEOUT_SECONDS = 60;

	private final Path folder;

	private TestCertificates(Path folder) {
		this.folder = folder;
	}

	/**
	 * Make an authority, and a certificate of it for a server and for a client.
	 * @param folder where to put them
	 * @param host the name of the server's host
	 */
	static TlsFiles create(Path folder, String host) {
		try {
			return new TestCertificates(Files.createDirectories(folder)).create(host);
		}
		catch (IOException | GeneralSecurityException ex) {
			throw new IllegalStateException("Cannot make certificates", ex);
		}
	}

	private TlsFiles create(String host) throws IOException, GeneralSecurityException {
		Path all = this.folder.resolve("all.p12");
		generate(all, CA, "CN=Failover Test CA " + UUID.randomUUID(), "-ext", "bc:c", "-ext",
				"ku:c=keyCertSign,cRLSign");
		String names = LOCALHOST.equals(host) ? "san=dns:localhost,ip:127.0.0.1" : "san=dns:" + host;
		generate(all, SERVER, "CN=" + host, "-signer", CA, "-ext", names, "-ext", "eku=serverAuth", "-ext",
				"ku:c=digitalSignature,keyEncipherment");
		generate(all, CLIENT, "CN=client", "-signer", CA, "-ext", "eku=clientAuth", "-ext", "ku:c=digitalSignature");
		KeyStore keyStore = KeyStore.getInstance(TYPE);
		try (InputStream in = Files.newInputStream(all)) {
			keyStore.load(in, PASSWORD.toCharArray());
		}
		return new TlsFiles(certificate(keyStore, CA), certificate(keyStore, SERVER), key(keyStore, SERVER),
				certificate(keyStore, CLIENT), key(keyStore, CLIENT), trustStore(keyStore), PASSWORD);
	}

	private Path certificate(KeyStore source, String alias) throws IOException, GeneralSecurityException {
		return pem(alias + ".pem", "CERTIFICATE", source.getCertificate(alias).getEncoded());
	}

	private Path key(KeyStore source, String alias) throws IOException, GeneralSecurityException {
		return pem(alias + "-key.pem", "PRIVATE KEY", source.getKey(alias, PASSWORD.toCharArray()).getEncoded());
	}

	private Path trustStore(KeyStore source) throws IOException, GeneralSecurityException {
		KeyStore trustStore = KeyStore.getInstance(TYPE);
		trustStore.load(null, null);
		trustStore.setCertificateEntry(CA, source.getCertificate(CA));
		Path file = this.folder.resolve("truststore.p12");
		try (OutputStream out = Files.newOutputStream(file)) {
			trustStore.store(out, PASSWORD.toCharArray());
		}
		return file;
	}

	private Path pem(String name, String type, byte[] content) throws IOException {
		String body = Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII)).encodeToString(content);
		return Files.writeString(this.folder.resolve(name),
				"-----BEGIN %s-----\n%s\n-----END %s-----\n".formatted(type, body, type));
	}

	private static void generate(Path keyStore, String alias, String name, String... options) {
		List<String> command = new ArrayList<>(
				List.of(Path.of(System.getProperty("java.home"), "bin", "keytool").toString(), "-genkeypair",
						"-keystore", keyStore.toString(), "-storetype", TYPE, "-storepass", PASSWORD, "-alias", alias,
						"-dname", name, "-keyalg", "EC", "-groupname", "secp256r1", "-validity", "30"));
		command.addAll(List.of(options));
		try {
			Process process = new ProcessBuilder(command).redirectErrorStream(true)
				.redirectOutput(ProcessBuilder.Redirect.DISCARD)
				.start();
			if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
				process.destroyForcibly();
				throw new IllegalStateException("keytool failed to make the key '%s'".formatted(alias));
			}
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException("Interrupted while making certificates", ex);
		}
	}

}
