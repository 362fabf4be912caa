/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_CONFIG_VARIABLES_H
#define SCOTTYSCOPE_CONFIG_VARIABLES_H

/* Every variable that is looked at, also those that are only refused: a configuration file may set
 * these, by these names, and no others. */

#define OTLP_VARIABLE_LIST(X, prefix) \
	X(prefix "ENDPOINT")          \
	X(prefix "PROTOCOL")          \
	X(prefix "INSECURE")          \
	X(prefix "HEADERS")           \
	X(prefix "TIMEOUT")           \
	X(prefix "COMPRESSION")       \
	X(prefix "CERTIFICATE")       \
	X(prefix "CLIENT_KEY")        \
	X(prefix "CLIENT_CERTIFICATE")

#define VARIABLE_LIST(X)                                     \
	X("OTEL_SDK_DISABLED")                               \
	X("OTEL_SERVICE_NAME")                               \
	X("OTEL_RESOURCE_ATTRIBUTES")                        \
	X("OTEL_TRACES_SAMPLER")                             \
	X("OTEL_TRACES_SAMPLER_ARG")                         \
	X("OTEL_METRICS_EXPORTER")                           \
	X("OTEL_TRACES_EXPORTER")                            \
	X("OTEL_METRIC_EXPORT_INTERVAL")                     \
	X("OTEL_BSP_SCHEDULE_DELAY")                         \
	X("OTEL_BSP_MAX_QUEUE_SIZE")                         \
	X("OTEL_BSP_MAX_EXPORT_BATCH_SIZE")                  \
	X("OTEL_EXPORTER_PROMETHEUS_HOST")                   \
	X("OTEL_EXPORTER_PROMETHEUS_PORT")                   \
	OTLP_VARIABLE_LIST(X, "OTEL_EXPORTER_OTLP_")         \
	OTLP_VARIABLE_LIST(X, "OTEL_EXPORTER_OTLP_METRICS_") \
	OTLP_VARIABLE_LIST(X, "OTEL_EXPORTER_OTLP_TRACES_")

#endif
