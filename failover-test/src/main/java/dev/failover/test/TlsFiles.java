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

import java.nio.file.Path;

/**
 * The certificates of a broker's TLS listener. They are made for this broker, by an
 * authority that no other one has, and are deleted with it.
 *
 * @param caCertificate the certificate of the authority, PEM; what a client must trust
 * @param certificate the broker's certificate, PEM
 * @param privateKey the broker's key, PEM, PKCS 8, not encrypted
 * @param clientCertificate a certificate for a client, PEM
 * @param clientKey the client's key, PEM, PKCS 8, not encrypted
 * @param trustStore the certificate of the authority, as a PKCS 12 key store
 * @param trustStorePassword the password of the trust store
 */
public record TlsFiles(Path caCertificate, Path certificate, Path privateKey, Path clientCertificate, Path clientKey,
		Path trustStore, String trustStorePassword) {

	@Override
	public String toString() {
		return "TLS files in " + this.caCertificate.getParent();
	}

}
