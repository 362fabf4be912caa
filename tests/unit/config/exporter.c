// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdbool.h>

#include "base/array.h"
#include "base/clock.h"
#include "parse.h"

TestSuite(config_exporter, .init = clear_environment);

Test(config_exporter, exporter_defaults)
{
	struct config *config = accept("");
	const struct config_otlp *otlp = &config->otlp;
	size_t count;

	cr_assert_str_eq(otlp->metrics_target, "localhost:4317");
	cr_assert_str_eq(otlp->traces_target, "localhost:4317");
	cr_assert_not(otlp->metrics_tls);
	cr_assert_not(otlp->traces_tls);
	cr_assert_null(otlp->certificate_path);
	cr_assert_not(otlp->gzip);
	cr_assert_eq(otlp->timeout_ns, 10 * NS_PER_S);
	cr_assert_eq(otlp->metric_interval_ns, 60 * NS_PER_S);
	cr_assert_eq(otlp->span_delay_ns, 5 * NS_PER_S);
	cr_assert_eq(otlp->span_queue, 16384);
	cr_assert_eq(otlp->span_batch, 512);
	config_otlp__metrics_headers(otlp, &count);
	cr_assert_eq(count, 0);
	config_otlp__traces_headers(otlp, &count);
	cr_assert_eq(count, 0);
	config__free(config);
}

Test(config_exporter, endpoints)
{
	static const struct {
		const char *url;
		const char *target;
		bool tls;
	} accepted[] = {
		{"http://collector:4317", "collector:4317", false},
		{"https://collector:4317", "collector:4317", true},
		{"HTTPS://collector:4317/", "collector:4317", true},
		{"http://collector", "collector:4317", false},
		{"http://[2001:db8::1]:55", "[2001:db8::1]:55", false},
		{"https://[::1]", "[::1]:4317", true},
		{"collector:4317", "collector:4317", true},
		{"10.0.0.1:1", "10.0.0.1:1", true},
	};
	static const char *const refused[] = {
		"http://",
		"ftp://a:1",
		"http://a:1/v1/metrics",
		"http://a:0",
		"http://a:1?x",
		"http://a:65536",
		"unix:/run/otlp",
		"http://a b",
		"http://[a]:1",
		"http://::1:4317",
		"/",
		"grpc://a:1",
	};

	for (size_t i = 0; i < ARRAY_SIZE(accepted); i++) {
		set("OTEL_EXPORTER_OTLP_ENDPOINT", accepted[i].url);

		struct config *config = accept("");

		cr_assert_str_eq(config->otlp.metrics_target, accepted[i].target);
		cr_assert_str_eq(config->otlp.traces_target, accepted[i].target);
		cr_assert_eq(config->otlp.metrics_tls, accepted[i].tls, "%s", accepted[i].url);
		cr_assert_eq(config->otlp.traces_tls, accepted[i].tls, "%s", accepted[i].url);
		config__free(config);
	}
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		set("OTEL_EXPORTER_OTLP_ENDPOINT", refused[i]);
		refuse("", "OTEL_EXPORTER_OTLP_ENDPOINT|https://HOST:PORT");
	}
}

Test(config_exporter, credentials_are_not_shown)
{
	struct config *config = NULL;
	struct error error = {};

	set("OTEL_EXPORTER_OTLP_ENDPOINT", "http://user:hunter2@collector:4317");
	cr_assert_eq(parse_line("", &config, &error), -EINVAL);
	cr_assert_null(strstr(error.message, "hunter2"));
	cr_assert(strstr(error.message, "OTEL_EXPORTER_OTLP_ENDPOINT"));
}

Test(config_exporter, own_endpoint_overrides_the_endpoint_for_both)
{
	set("OTEL_EXPORTER_OTLP_ENDPOINT", "http://both:1");
	set("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://traces:2");

	struct config *config = accept("");

	cr_assert_str_eq(config->otlp.metrics_target, "both:1");
	cr_assert_not(config->otlp.metrics_tls);
	cr_assert_str_eq(config->otlp.traces_target, "traces:2");
	cr_assert(config->otlp.traces_tls);
	config__free(config);

	set("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://metrics:3");
	config = accept("");
	cr_assert_str_eq(config->otlp.metrics_target, "metrics:3");
	config__free(config);

	config = accept("--otlp-endpoint https://option:4");
	cr_assert_str_eq(config->otlp.metrics_target, "option:4");
	cr_assert_str_eq(config->otlp.traces_target, "option:4");
	cr_assert(config->otlp.metrics_tls);
	config__free(config);

	config = accept("--otlp-endpoint none");
	cr_assert_null(config->otlp.metrics_target);
	cr_assert_null(config->otlp.traces_target);
	config__free(config);

	set("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "bad bad");
	refuse("", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT|'bad bad'");
	refuse("--otlp-endpoint ftp://x", "--otlp-endpoint|'ftp://x'");
}

/* The scheme of the endpoint overrides the variable. */
Test(config_exporter, insecure)
{
	set("OTEL_EXPORTER_OTLP_INSECURE", "TRUE");

	struct config *config = accept("--otlp-endpoint host:1");

	cr_assert_not(config->otlp.metrics_tls);
	config__free(config);
	config = accept("--otlp-endpoint https://host:1");
	cr_assert(config->otlp.metrics_tls);
	config__free(config);

	set("OTEL_EXPORTER_OTLP_TRACES_INSECURE", "false");
	config = accept("--otlp-endpoint host:1");
	cr_assert_not(config->otlp.metrics_tls);
	cr_assert(config->otlp.traces_tls);
	config__free(config);

	set("OTEL_EXPORTER_OTLP_INSECURE", "yes");
	config = accept_with_warning("--otlp-endpoint host:1",
				     "OTEL_EXPORTER_OTLP_INSECURE|'yes'|false, true");
	cr_assert(config->otlp.metrics_tls);
	config__free(config);
}

Test(config_exporter, headers)
{
	size_t count;

	set("OTEL_EXPORTER_OTLP_HEADERS",
	    "Authorization=Basic%20dXNlcjpwdw==, x-scope = a%2Cb ,,x-empty=,");
	set("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "x-key=1");

	struct config *config = accept("");
	const struct config_header *headers = config_otlp__metrics_headers(&config->otlp, &count);

	cr_assert_eq(count, 3);
	assert_header(&headers[0], "authorization", "Basic dXNlcjpwdw==");
	assert_header(&headers[1], "x-scope", "a,b");
	assert_header(&headers[2], "x-empty", "");
	headers = config_otlp__traces_headers(&config->otlp, &count);
	cr_assert_eq(count, 1);
	assert_header(&headers[0], "x-key", "1");
	config__free(config);
}

Test(config_exporter, bad_headers_are_not_shown)
{
	static const char *const refused[] = {
		"hunter2",     "a=1,hunter2",  "=hunter2",	  "a=hunter2%",
		"a=hunter2%4", "a=hunter2%zz", "a=hunter2%00",	  "a=hunter2%0a",
		"a b=hunter2", "a%3a=hunter2", "a=hunter2%c3%a9", "%=hunter2",
	};

	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		struct config *config = NULL;
		struct error error = {};

		set("OTEL_EXPORTER_OTLP_HEADERS", refused[i]);
		cr_assert_eq(parse_line("", &config, &error), -EINVAL, "%s", refused[i]);
		cr_assert(strstr(error.message, "OTEL_EXPORTER_OTLP_HEADERS"));
		cr_assert_null(strstr(error.message, "hunter2"), "%s", error.message);
	}
	unsetenv("OTEL_EXPORTER_OTLP_HEADERS");
	set("OTEL_EXPORTER_OTLP_METRICS_HEADERS", "a=1,b");
	refuse("", "OTEL_EXPORTER_OTLP_METRICS_HEADERS|entry 2");
}

Test(config_exporter, protocol)
{
	set("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
	config__free(accept(""));
	set("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");
	refuse("", "OTEL_EXPORTER_OTLP_PROTOCOL|'http/protobuf'|accepted: grpc");
	/* No protocol at all: ignored. */
	set("OTEL_EXPORTER_OTLP_PROTOCOL", "udp");
	set("OTEL_TRACES_EXPORTER", "none");
	config__free(accept_with_warning("", "OTEL_EXPORTER_OTLP_PROTOCOL|'udp'|accepted: grpc"));
	unsetenv("OTEL_TRACES_EXPORTER");
	set("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "grpc");
	set("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json");
	refuse("", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL|'http/json'|accepted: grpc");
	/* The protocol is not read if nothing is exported. */
	config__free(accept("--otlp-endpoint none"));
	config__free(accept("--once"));
	config__free(accept("verify"));
}

Test(config_exporter, compression)
{
	set("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip");

	struct config *config = accept("");

	cr_assert(config->otlp.gzip);
	config__free(config);
	set("OTEL_EXPORTER_OTLP_COMPRESSION", "none");
	config = accept("");
	cr_assert_not(config->otlp.gzip);
	config__free(config);
	set("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd");
	config = accept_with_warning("", "OTEL_EXPORTER_OTLP_COMPRESSION|'zstd'|none, gzip");
	cr_assert_not(config->otlp.gzip);
	config__free(config);
}

Test(config_exporter, times)
{
	static const char *const names[] = {
		"OTEL_EXPORTER_OTLP_TIMEOUT",
		"OTEL_METRIC_EXPORT_INTERVAL",
		"OTEL_BSP_SCHEDULE_DELAY",
	};

	set(names[0], "1");
	set(names[1], "250");
	set(names[2], "3600000");

	struct config *config = accept("");

	cr_assert_eq(config->otlp.timeout_ns, NS_PER_MS);
	cr_assert_eq(config->otlp.metric_interval_ns, 250 * NS_PER_MS);
	cr_assert_eq(config->otlp.span_delay_ns, 3600 * NS_PER_S);
	config__free(config);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char parts[128];

		for (size_t j = 0; j < ARRAY_SIZE(names); j++)
			unsetenv(names[j]);
		snprintf(parts, sizeof(parts), "%s|'10s'|from 1 to 3600000", names[i]);
		set(names[i], "10s");
		config = accept_with_warning("", parts);
		cr_assert_eq(config->otlp.timeout_ns, 10 * NS_PER_S);
		cr_assert_eq(config->otlp.metric_interval_ns, 60 * NS_PER_S);
		cr_assert_eq(config->otlp.span_delay_ns, 5 * NS_PER_S);
		config__free(config);
		snprintf(parts, sizeof(parts), "%s|'0'", names[i]);
		set(names[i], "0");
		config__free(accept_with_warning("", parts));
	}
}

Test(config_exporter, span_queue)
{
	struct config *config;

	/* A small queue reduces the default batch; a given batch must fit. */
	set("OTEL_BSP_MAX_QUEUE_SIZE", "100");
	config = accept("");
	cr_assert_eq(config->otlp.span_queue, 100);
	cr_assert_eq(config->otlp.span_batch, 100);
	config__free(config);
	set("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "10");
	config = accept("");
	cr_assert_eq(config->otlp.span_batch, 10);
	config__free(config);
	set("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "101");
	config = accept_with_warning("", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE|'101'|from 1 to 100");
	cr_assert_eq(config->otlp.span_batch, 100);
	config__free(config);
	set("OTEL_BSP_MAX_QUEUE_SIZE", "0");
	config = accept_with_warning("", "OTEL_BSP_MAX_QUEUE_SIZE|'0'");
	cr_assert_eq(config->otlp.span_queue, 16384);
	cr_assert_eq(config->otlp.span_batch, 101);
	config__free(config);
}

Test(config_exporter, certificate)
{
	char path[] = "/tmp/scottyscope-certificate-XXXXXX";
	int fd = mkstemp(path);

	cr_assert_geq(fd, 0);
	close(fd);
	set("OTEL_EXPORTER_OTLP_CERTIFICATE", path);

	struct config *config = accept("");

	cr_assert_str_eq(config->otlp.certificate_path, path);
	config__free(config);
	unlink(path);
	refuse("", "OTEL_EXPORTER_OTLP_CERTIFICATE|/tmp/scottyscope-certificate-");
}

/* Settings that would be ignored are refused. */
Test(config_exporter, unsupported)
{
	set("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "5");
	refuse("", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT|OTEL_EXPORTER_OTLP_TIMEOUT");
	unsetenv("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT");
	set("OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY", "/key");
	refuse("", "OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY|OTEL_EXPORTER_OTLP_CLIENT_KEY");
}

/* Makes a file with this text; the caller frees the path. */
static char *file_of(const char *text, size_t size)
{
	char *path = strdup("/tmp/scottyscope-pem-XXXXXX");
	int fd = mkstemp(path);

	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, text, size), (ssize_t)size);
	close(fd);
	return path;
}

#define CERTIFICATE "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
#define KEY	    "-----BEGIN PRIVATE KEY-----\nBBBB\n-----END PRIVATE KEY-----\n"

Test(config_exporter, client_certificate)
{
	char *certificate = file_of(CERTIFICATE, strlen(CERTIFICATE));
	char *key = file_of(KEY, strlen(KEY));
	struct config *config;

	set("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", certificate);
	refuse("", "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE|without OTEL_EXPORTER_OTLP_CLIENT_KEY");
	set("OTEL_EXPORTER_OTLP_CLIENT_KEY", key);
	config = accept("");
	cr_assert_str_eq(config->otlp.client_certificate, CERTIFICATE);
	cr_assert_str_eq(config->otlp.client_key, KEY);
	config__free(config);
	unsetenv("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE");
	refuse("", "OTEL_EXPORTER_OTLP_CLIENT_KEY|without OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE");
	unlink(certificate);
	unlink(key);
	free(certificate);
	free(key);
}

/* A missing file, not PEM, binary, too large. No message shows the content of the file. */
Test(config_exporter, malformed_client_keys)
{
	char *certificate = file_of(CERTIFICATE, strlen(CERTIFICATE));
	char *large = calloc(1, 20000);
	char *paths[4];

	memset(large, '\n', 20000);
	memcpy(large, KEY, strlen(KEY));
	paths[0] = strdup("/nowhere/key.pem");
	paths[1] = file_of("secret", 6);
	paths[2] = file_of(KEY "\0secret", sizeof(KEY "\0secret"));
	paths[3] = file_of(large, 20000);
	set("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", certificate);
	for (size_t i = 0; i < 4; i++) {
		set("OTEL_EXPORTER_OTLP_CLIENT_KEY", paths[i]);
		refuse("", i == 0 ? "OTEL_EXPORTER_OTLP_CLIENT_KEY|/nowhere/key.pem"
				  : "OTEL_EXPORTER_OTLP_CLIENT_KEY|a PEM file of at most");
		unlink(paths[i]);
		free(paths[i]);
	}
	unlink(certificate);
	free(certificate);
	free(large);
}

Test(config_exporter, headers_without_tls_are_one_warning)
{
	static const char warning[] = "OTLP headers leave without TLS to |any local user";

	set("OTEL_EXPORTER_OTLP_HEADERS", "authorization=s3cret");
	config__free(accept_with_warning("", warning));
	set("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "https://metrics:1");
	set("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://traces:2");
	config__free(accept_with_warning("", "without TLS to traces:2"));
	set("OTEL_TRACES_EXPORTER", "none");
	expect_no_warning("");
	unsetenv("OTEL_TRACES_EXPORTER");
	/* Only the metrics have headers, and TLS. */
	unsetenv("OTEL_EXPORTER_OTLP_HEADERS");
	set("OTEL_EXPORTER_OTLP_METRICS_HEADERS", "authorization=s3cret");
	expect_no_warning("");
	set("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "authorization=s3cret");
	config__free(accept_with_warning("", "without TLS to traces:2"));
	expect_no_warning("-qq");
	expect_no_warning("--otlp-endpoint none");
	expect_no_warning("verify");
}
