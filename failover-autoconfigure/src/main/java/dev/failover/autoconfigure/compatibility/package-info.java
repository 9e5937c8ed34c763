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

/**
 * Check that this library fits the versions of Spring on the class path. Nothing here
 * refers to a class of Spring AMQP, of the RabbitMQ client, or of a package of Spring
 * Boot that moves, so that it can be loaded where the rest cannot.
 */
@NullMarked
package dev.failover.autoconfigure.compatibility;

import org.jspecify.annotations.NullMarked;
