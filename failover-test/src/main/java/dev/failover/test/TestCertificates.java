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
import java.util.concurrent.TimeUnit;

/**
 * Makes certificates with the JDK's {@code keytool}.
 */
final class TestCertificates {

	private static final String PASSWORD = "changeit";

	private static final String TYPE = "PKCS12";

	private static final String CA = "ca";

	private static final String SERVER = "server";

	private static final int TIMEOUT_SECONDS = 60;

	private final Path folder;

	private TestCertificates(Path folder) {
		this.folder = folder;
	}

	static TlsFiles create(Path folder) {
		try {
			return new TestCertificates(Files.createDirectories(folder)).create();
		}
		catch (IOException | GeneralSecurityException ex) {
			throw new IllegalStateException("Cannot make certificates", ex);
		}
	}

	private TlsFiles create() throws IOException, GeneralSecurityException {
		Path all = this.folder.resolve("all.p12");
		generate(all, CA, "CN=Failover Test CA", "-ext", "bc:c", "-ext", "ku:c=keyCertSign,cRLSign");
		generate(all, SERVER, "CN=localhost", "-signer", CA, "-ext", "san=dns:localhost,ip:127.0.0.1", "-ext",
				"eku=serverAuth", "-ext", "ku:c=digitalSignature,keyEncipherment");
		KeyStore keyStore = KeyStore.getInstance(TYPE);
		try (InputStream in = Files.newInputStream(all)) {
			keyStore.load(in, PASSWORD.toCharArray());
		}
		Path ca = pem("ca.pem", "CERTIFICATE", keyStore.getCertificate(CA).getEncoded());
		Path certificate = pem("server.pem", "CERTIFICATE", keyStore.getCertificate(SERVER).getEncoded());
		Path key = pem("server-key.pem", "PRIVATE KEY", keyStore.getKey(SERVER, PASSWORD.toCharArray()).getEncoded());
		return new TlsFiles(ca, certificate, key, trustStore(keyStore), PASSWORD);
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
