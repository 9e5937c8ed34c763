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

package dev.failover.actuate;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

import com.jayway.jsonpath.JsonPath;
import org.springframework.boot.actuate.autoconfigure.endpoint.PropertiesEndpointAccessResolver;
import org.springframework.boot.actuate.autoconfigure.endpoint.jackson.JacksonEndpointAutoConfiguration;
import org.springframework.boot.actuate.endpoint.InvocationContext;
import org.springframework.boot.actuate.endpoint.OperationFilter;
import org.springframework.boot.actuate.endpoint.SecurityContext;
import org.springframework.boot.actuate.endpoint.invoke.convert.ConversionServiceParameterValueMapper;
import org.springframework.boot.actuate.endpoint.jackson.EndpointJsonMapper;
import org.springframework.boot.actuate.endpoint.web.EndpointMediaTypes;
import org.springframework.boot.actuate.endpoint.web.WebEndpointHttpMethod;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;
import org.springframework.boot.actuate.endpoint.web.WebOperation;
import org.springframework.boot.actuate.endpoint.web.annotation.WebEndpointDiscoverer;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;

/**
 * The endpoint {@code failover} of an application as Spring Boot publishes it to the web:
 * what it finds, lets in, converts and writes, only without a server.
 */
public final class WebEndpoint {

	private static final EndpointJsonMapper JSON = json();

	private final List<WebOperation> operations;

	public WebEndpoint(ApplicationContext context) {
		WebEndpointDiscoverer discoverer = new WebEndpointDiscoverer(context,
				new ConversionServiceParameterValueMapper(), EndpointMediaTypes.DEFAULT, List.of(), List.of(),
				List.of(), List.of(),
				List.of(OperationFilter.byAccess(new PropertiesEndpointAccessResolver(context.getEnvironment()))));
		this.operations = discoverer.getEndpoints()
			.stream()
			.filter((endpoint) -> endpoint.getRootPath().equals("failover"))
			.flatMap((endpoint) -> endpoint.getOperations().stream())
			.toList();
	}

	private static EndpointJsonMapper json() {
		try (AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext(
				JacksonEndpointAutoConfiguration.class)) {
			return context.getBean(EndpointJsonMapper.class);
		}
	}

	/**
	 * Return the operation with that method and path.
	 */
	public Optional<WebOperation> find(WebEndpointHttpMethod method, String path) {
		return this.operations.stream()
			.filter((operation) -> operation.getRequestPredicate().getHttpMethod() == method
					&& operation.getRequestPredicate().getPath().equals(path))
			.findFirst();
	}

	/**
	 * Return what the endpoint answers.
	 */
	public Answer get() {
		return invoke(find(WebEndpointHttpMethod.GET, "failover").orElseThrow(), Map.of());
	}

	/**
	 * Return what the endpoint answers to a write operation.
	 */
	public Answer post(String operation, Map<String, Object> parameters) {
		Map<String, Object> arguments = new LinkedHashMap<>(parameters);
		arguments.put("operation", operation);
		return invoke(find(WebEndpointHttpMethod.POST, "failover/{operation}").orElseThrow(), arguments);
	}

	private static Answer invoke(WebOperation operation, Map<String, Object> arguments) {
		Object result = operation.invoke(new InvocationContext(SecurityContext.NONE, arguments));
		return (result instanceof WebEndpointResponse<?> response)
				? new Answer(response.getStatus(), JSON.get().writeValueAsString(response.getBody()))
				: new Answer(WebEndpointResponse.STATUS_OK, JSON.get().writeValueAsString(result));
	}

	/**
	 * An answer.
	 *
	 * @param status the HTTP status
	 * @param body the body as JSON
	 */
	public record Answer(int status, String body) {

		/**
		 * Return what is at that path of the body.
		 */
		public <T> T read(String path) {
			return JsonPath.read(this.body, path);
		}

	}

}
