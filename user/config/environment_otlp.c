// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "config/environment.h"
#include "config/file_keys.h"
#include "config/pem.h"
#include "config/values.h"

#define DEFAULT_ENDPOINT "http://localhost:4317"
#define HIGHEST_MS	 UINT64_C(3600000)
#define HIGHEST_SPANS	 1000000
#define PREFIX		 "OTEL_EXPORTER_OTLP_"

/* What is read for each of the two signals, and where it goes. */
struct signal {
	const struct file *file;
	const char *name;
	char **target;
	bool *tls;
	struct config_header **headers;
	size_t *header_count;
};

/* The variable whose name is `prefix` and two parts; it has to be one of the list. */
static struct variable find(const struct signal *signal, const char *prefix, const char *part,
			    const char *what)
{
	char name[64];

	snprintf(name, sizeof(name), "%s%s%s", prefix, part, what);
	return environment__find(signal->file, file_key__find(name));
}

static struct variable find_own(const struct signal *signal, const char *what)
{
	return find(signal, PREFIX, signal->name, what);
}

/* The signal's own variable if it is set, or else the one for both. */
static struct variable signal_variable(const struct signal *signal, const char *what)
{
	struct variable own = find_own(signal, what);

	return own.text ? own : find(signal, PREFIX, "", what);
}

/* To ignore a setting that keeps data from others, or from arriving, would be no kindness. */
static int refuse_unsupported(const struct signal *signal, struct error *error)
{
	static const char *const shared[] = {"TIMEOUT", "COMPRESSION", "CERTIFICATE", "CLIENT_KEY",
					     "CLIENT_CERTIFICATE"};

	for (size_t i = 0; i < ARRAY_SIZE(shared); i++) {
		struct variable variable = find_own(signal, shared[i]);

		if (variable.text)
			return error_set(error, -EINVAL,
					 "%s: not supported for one signal; set " PREFIX
					 "%s for both",
					 variable.name, shared[i]);
	}
	return 0;
}

static int check_protocol(const struct signal *signal, struct error *error)
{
	static const char *const protocols[] = {"grpc"};
	struct variable variable = signal_variable(signal, "PROTOCOL");
	size_t index;

	if (!variable.text)
		return 0;
	return value_parse_choice(variable.name, variable.text, protocols, 1, &index, error);
}

static int apply_endpoint(const struct signal *signal, const char *option, struct error *error)
{
	struct variable insecure = signal_variable(signal, "INSECURE");
	struct variable endpoint = signal_variable(signal, "ENDPOINT");
	bool is_insecure = false;
	int r;

	if (option)
		endpoint = (struct variable){.name = "--otlp-endpoint", .text = option};
	else if (!endpoint.text)
		endpoint.text = DEFAULT_ENDPOINT;
	else if (endpoint.is_in_file && strcmp(endpoint.text, "none") == 0)
		return 0;
	if (insecure.text) {
		r = value_parse_boolean(insecure.name, insecure.text, &is_insecure, error);
		if (r < 0)
			return r;
	}
	return value_parse_endpoint(endpoint.name, endpoint.text, !is_insecure, signal->target,
				    signal->tls, error);
}

static int apply_signal(const struct signal *signal, const char *option, struct error *error)
{
	static const char *const exporters[] = {"none", "otlp"};
	struct variable variable = find(signal, "OTEL_", signal->name, "EXPORTER");
	size_t exporter = 1;
	int r = 0;

	if (variable.text)
		r = value_parse_choice(variable.name, variable.text, exporters,
				       ARRAY_SIZE(exporters), &exporter, error);
	if (r < 0 || exporter == 0)
		return r;
	r = refuse_unsupported(signal, error);
	if (r == 0)
		r = check_protocol(signal, error);
	if (r == 0)
		r = apply_endpoint(signal, option, error);
	if (r < 0 || !*signal->target)
		return r;
	variable = find_own(signal, "HEADERS");
	if (variable.text)
		r = value_parse_headers(variable.name, variable.text, signal->headers,
					signal->header_count, error);
	return r;
}

static int apply_times(struct config_otlp *otlp, const struct file *file, struct error *error)
{
	const struct {
		const char *name;
		uint64_t *ns;
	} times[] = {
		{PREFIX "TIMEOUT", &otlp->timeout_ns},
		{"OTEL_METRIC_EXPORT_INTERVAL", &otlp->metric_interval_ns},
		{"OTEL_BSP_SCHEDULE_DELAY", &otlp->span_delay_ns},
	};

	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		uint64_t ms = *times[i].ns / NS_PER_MS;
		int r = environment__number(file, times[i].name, 1, HIGHEST_MS, &ms, error);

		if (r < 0)
			return r;
		*times[i].ns = ms * NS_PER_MS;
	}
	return 0;
}

static int apply_queue(struct config_otlp *otlp, const struct file *file, struct error *error)
{
	uint64_t queue = otlp->span_queue;
	uint64_t batch;
	int r;

	r = environment__number(file, "OTEL_BSP_MAX_QUEUE_SIZE", 1, HIGHEST_SPANS, &queue, error);
	if (r < 0)
		return r;
	/* A batch is never more than the queue holds: the default gives way, a given one does not. */
	batch = otlp->span_batch < queue ? otlp->span_batch : queue;
	r = environment__number(file, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 1, queue, &batch, error);
	if (r < 0)
		return r;
	otlp->span_queue = (uint32_t)queue;
	otlp->span_batch = (uint32_t)batch;
	return 0;
}

static int apply_certificate(struct config_otlp *otlp, const struct file *file, struct error *error)
{
	static const char name[] = PREFIX "CERTIFICATE";
	struct variable path = environment__find(file, name);

	if (!path.text)
		return 0;

	_cleanup_close_ int fd = open(path.text, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return error_set(error, -EINVAL, "%s: cannot read '%.200s'; accepted: a PEM file",
				 path.name, path.text);
	return environment__text(file, name, &otlp->certificate_path, error);
}

/* The key and the certificate by which the collector knows this tool: both or none. */
static int apply_client(struct config_otlp *otlp, const struct file *file, struct error *error)
{
	struct variable certificate = environment__find(file, PREFIX "CLIENT_CERTIFICATE");
	struct variable key = environment__find(file, PREFIX "CLIENT_KEY");
	int r;

	if (!certificate.text && !key.text)
		return 0;
	if (!certificate.text || !key.text)
		return error_set(error, -EINVAL, "%s is given without " PREFIX "%s",
				 certificate.text ? certificate.name : key.name,
				 certificate.text ? "CLIENT_KEY" : "CLIENT_CERTIFICATE");
	r = pem_read(certificate.name, certificate.text, &otlp->client_certificate, error);
	return r < 0 ? r : pem_read(key.name, key.text, &otlp->client_key, error);
}

int environment__apply_otlp(struct config_otlp *otlp, const char *endpoint, const struct file *file,
			    struct error *error)
{
	static const char *const compressions[] = {"none", "gzip"};
	struct variable headers = environment__find(file, PREFIX "HEADERS");
	const struct signal signals[] = {
		{file, "METRICS_", &otlp->metrics_target, &otlp->metrics_tls,
		 &otlp->metrics_headers, &otlp->metrics_header_count},
		{file, "TRACES_", &otlp->traces_target, &otlp->traces_tls, &otlp->traces_headers,
		 &otlp->traces_header_count},
	};
	size_t compression = otlp->gzip;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		r = apply_signal(&signals[i], endpoint, error);
		if (r < 0)
			return r;
	}
	if (!otlp->metrics_target && !otlp->traces_target)
		return 0;
	if (headers.text) {
		r = value_parse_headers(headers.name, headers.text, &otlp->headers,
					&otlp->header_count, error);
		if (r < 0)
			return r;
	}
	r = environment__choice(file, PREFIX "COMPRESSION", compressions, ARRAY_SIZE(compressions),
				&compression, error);
	if (r < 0)
		return r;
	otlp->gzip = compression == 1;
	r = apply_certificate(otlp, file, error);
	if (r == 0)
		r = apply_client(otlp, file, error);
	if (r == 0)
		r = apply_times(otlp, file, error);
	if (r == 0)
		r = apply_queue(otlp, file, error);
	return r;
}
