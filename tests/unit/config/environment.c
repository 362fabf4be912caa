// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/array.h"
#include "base/clock.h"
#include "config/values.h"
#include "parse.h"

TestSuite(config_environment, .init = clear_environment);

Test(config_environment, empty_is_unset)
{
	static const char *const names[] = {
		"OTEL_EXPORTER_OTLP_ENDPOINT",
		"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
		"OTEL_EXPORTER_OTLP_HEADERS",
		"OTEL_EXPORTER_OTLP_METRICS_HEADERS",
		"OTEL_EXPORTER_OTLP_TIMEOUT",
		"OTEL_EXPORTER_OTLP_METRICS_TIMEOUT",
		"OTEL_EXPORTER_OTLP_CERTIFICATE",
		"OTEL_EXPORTER_OTLP_CLIENT_KEY",
		"OTEL_EXPORTER_OTLP_COMPRESSION",
		"OTEL_EXPORTER_OTLP_PROTOCOL",
		"OTEL_EXPORTER_OTLP_INSECURE",
		"OTEL_METRIC_EXPORT_INTERVAL",
		"OTEL_BSP_SCHEDULE_DELAY",
		"OTEL_BSP_MAX_QUEUE_SIZE",
		"OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
		"OTEL_SERVICE_NAME",
		"OTEL_RESOURCE_ATTRIBUTES",
		"OTEL_METRICS_EXPORTER",
		"OTEL_TRACES_EXPORTER",
		"OTEL_SDK_DISABLED",
		"OTEL_EXPORTER_PROMETHEUS_HOST",
		"OTEL_EXPORTER_PROMETHEUS_PORT",
		"OTEL_TRACES_SAMPLER",
		"OTEL_TRACES_SAMPLER_ARG",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		set(names[i], "");

	struct config *config = accept("");

	cr_assert_str_eq(config->otlp.metrics_target, "localhost:4317");
	cr_assert_str_eq(config->otlp.traces_target, "localhost:4317");
	cr_assert_eq(config->otlp.metric_interval_ns, 60 * NS_PER_S);
	cr_assert_str_eq(config->listen_host, "127.0.0.1");
	cr_assert_eq(config->listen_port, 9464);
	cr_assert_null(config->service_name);
	cr_assert_null(config->resource_attributes);
	cr_assert_null(config->otlp.headers);
	cr_assert_null(config->otlp.metrics_headers);
	config__free(config);
}

Test(config_environment, exporters)
{
	set("OTEL_TRACES_EXPORTER", "none");

	struct config *config = accept("");

	cr_assert_str_eq(config->otlp.metrics_target, "localhost:4317");
	cr_assert_null(config->otlp.traces_target);
	config__free(config);

	/* The option has the endpoint, the variable selects the telemetry. */
	config = accept("--otlp-endpoint http://a:1");
	cr_assert_str_eq(config->otlp.metrics_target, "a:1");
	cr_assert_null(config->otlp.traces_target);
	config__free(config);

	set("OTEL_METRICS_EXPORTER", "NONE");
	set("OTEL_TRACES_EXPORTER", "otlp");
	config = accept("");
	cr_assert_null(config->otlp.metrics_target);
	cr_assert_str_eq(config->otlp.traces_target, "localhost:4317");
	config__free(config);

	/* Not recognised: ignored. */
	set("OTEL_METRICS_EXPORTER", "console");
	config = accept_with_warning("", "OTEL_METRICS_EXPORTER|'console'|none, otlp|ignored");
	cr_assert_str_eq(config->otlp.metrics_target, "localhost:4317");
	config__free(config);
}

Test(config_environment, nothing_is_exported_unless_asked)
{
	set("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:1");
	set("OTEL_EXPORTER_PROMETHEUS_PORT", "99");

	struct config *config = accept("--once");

	cr_assert_null(config->listen_host);
	cr_assert_null(config->otlp.metrics_target);
	cr_assert_null(config->otlp.traces_target);
	config__free(config);
	config = accept("verify");
	cr_assert_null(config->listen_host);
	cr_assert_null(config->otlp.metrics_target);
	config__free(config);
	config = accept("--once --otlp-endpoint http://a:1 --listen 127.0.0.1:2");
	cr_assert_str_eq(config->otlp.metrics_target, "a:1");
	cr_assert_eq(config->listen_port, 2);
	config__free(config);
}

Test(config_environment, disabled)
{
	set("OTEL_SDK_DISABLED", "True");

	struct config *config = accept("");

	cr_assert_null(config->listen_host);
	cr_assert_null(config->otlp.metrics_target);
	cr_assert_null(config->otlp.traces_target);
	config__free(config);
	config = accept("--otlp-endpoint http://a:1 --listen 127.0.0.1:2");
	cr_assert_str_eq(config->otlp.traces_target, "a:1");
	cr_assert_str_eq(config->listen_host, "127.0.0.1");
	config__free(config);

	set("OTEL_SDK_DISABLED", "false");
	config = accept("");
	cr_assert_str_eq(config->otlp.metrics_target, "localhost:4317");
	config__free(config);
	/* "Any value not explicitly defined here as a true value [...] MUST be interpreted as
	 * false." */
	set("OTEL_SDK_DISABLED", "1");
	config = accept_with_warning("", "OTEL_SDK_DISABLED|'1'|false, true");
	cr_assert_str_eq(config->otlp.metrics_target, "localhost:4317");
	config__free(config);
}

Test(config_environment, listen)
{
	set("OTEL_EXPORTER_PROMETHEUS_HOST", "::");
	set("OTEL_EXPORTER_PROMETHEUS_PORT", "9000");

	struct config *config = accept("");

	cr_assert_str_eq(config->listen_host, "::");
	cr_assert_eq(config->listen_port, 9000);
	config__free(config);
	config = accept("--listen 127.0.0.1:1");
	cr_assert_str_eq(config->listen_host, "127.0.0.1");
	cr_assert_eq(config->listen_port, 1);
	config__free(config);
	set("OTEL_EXPORTER_PROMETHEUS_PORT", "65536");
	config = accept_with_warning("", "OTEL_EXPORTER_PROMETHEUS_PORT|'65536'|from 0 to 65535");
	cr_assert_eq(config->listen_port, 9464);
	config__free(config);
}

Test(config_environment, resource)
{
	set("OTEL_SERVICE_NAME", "my scotty");
	set("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=test,team=%C3%A9quipe");

	struct config *config = accept("verify");
	struct config_header *pairs = NULL;
	size_t count = 0;

	cr_assert_str_eq(config->service_name, "my scotty");
	cr_assert_str_eq(config->resource_attributes,
			 "deployment.environment=test,team=%C3%A9quipe");
	cr_assert_eq(value_parse_pairs("x", config->resource_attributes, &pairs, &count, NULL), 0);
	cr_assert_eq(count, 2);
	assert_header(&pairs[0], "deployment.environment", "test");
	assert_header(&pairs[1], "team", "\xc3\xa9quipe");
	config_headers__free(pairs, count);
	config__free(config);

	/* "In case of any error [...] the entire environment variable value SHOULD be discarded". */
	set("OTEL_RESOURCE_ATTRIBUTES", "a=1,b");
	config = accept_with_warning("", "OTEL_RESOURCE_ATTRIBUTES|entry 2|key=value");
	cr_assert_null(config->resource_attributes);
	config__free(config);
	set("OTEL_RESOURCE_ATTRIBUTES", "a=%2");
	config__free(accept_with_warning("", "OTEL_RESOURCE_ATTRIBUTES|entry 1"));
}

Test(config_environment, warnings_can_be_silenced)
{
	struct config *config;
	FILE *standard = stderr;
	char *text = NULL;
	size_t size = 0;

	set("OTEL_SDK_DISABLED", "yes");
	set("OTEL_METRIC_EXPORT_INTERVAL", "soon");
	stderr = open_memstream(&text, &size);
	config = accept("-qq");
	fclose(stderr);
	stderr = standard;
	cr_assert_str_eq(text, "");
	cr_assert_eq(config->otlp.metric_interval_ns, 60 * NS_PER_S);
	config__free(config);
	free(text);
}
