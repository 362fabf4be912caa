// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "config/environment.h"
#include "config/values.h"

#define DEFAULT_ENDPOINT "http://localhost:4317"
#define HIGHEST_MS	 UINT64_C(3600000)
#define HIGHEST_SPANS	 1000000
#define PREFIX		 "OTEL_EXPORTER_OTLP_"
#define COUNT(array)	 (sizeof(array) / sizeof((array)[0]))

/* What is read for each of the two signals, and where it goes. */
struct signal {
	const char *name;
	char **target;
	_Bool *tls;
	struct config_header **headers;
	size_t *header_count;
};

struct variable {
	char name[64];
	const char *text; /* NULL: not set */
};

/* The signal's own variable if it is set, or else the one for both. */
static struct variable signal_variable(const struct signal *signal, const char *what)
{
	struct variable variable;

	snprintf(variable.name, sizeof(variable.name), PREFIX "%s_%s", signal->name, what);
	variable.text = environment__get(variable.name);
	if (variable.text)
		return variable;
	snprintf(variable.name, sizeof(variable.name), PREFIX "%s", what);
	variable.text = environment__get(variable.name);
	return variable;
}

/* To ignore a setting that keeps data from others, or from arriving, would be no kindness. */
static int refuse_unsupported(const struct signal *signal, struct error *error)
{
	static const char *const shared[] = {"TIMEOUT", "COMPRESSION", "CERTIFICATE"};
	static const char *const unknown[] = {"CLIENT_KEY", "CLIENT_CERTIFICATE"};
	char name[64];

	for (size_t i = 0; i < COUNT(shared); i++) {
		snprintf(name, sizeof(name), PREFIX "%s_%s", signal->name, shared[i]);
		if (environment__get(name))
			return error_set(error, -EINVAL,
					 "%s: not supported for one signal; set " PREFIX
					 "%s for both",
					 name, shared[i]);
	}
	for (size_t i = 0; i < COUNT(unknown); i++) {
		struct variable variable = signal_variable(signal, unknown[i]);

		if (variable.text)
			return error_set(error, -EINVAL,
					 "%s: client certificates are not supported; unset it",
					 variable.name);
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
	_Bool is_insecure = 0;
	int r;

	if (insecure.text) {
		r = value_parse_boolean(insecure.name, insecure.text, &is_insecure, error);
		if (r < 0)
			return r;
	}
	if (!endpoint.text)
		endpoint.text = DEFAULT_ENDPOINT;
	return value_parse_endpoint(option ? "--otlp-endpoint" : endpoint.name,
				    option ? option : endpoint.text, !is_insecure, signal->target,
				    signal->tls, error);
}

static int apply_signal(const struct signal *signal, const char *option, struct error *error)
{
	static const char *const exporters[] = {"none", "otlp"};
	char name[64];
	size_t exporter = 1;
	int r;

	snprintf(name, sizeof(name), "OTEL_%s_EXPORTER", signal->name);
	r = environment__choice(name, exporters, COUNT(exporters), &exporter, error);
	if (r < 0 || exporter == 0)
		return r;
	r = refuse_unsupported(signal, error);
	if (r == 0)
		r = check_protocol(signal, error);
	if (r == 0)
		r = apply_endpoint(signal, option, error);
	if (r < 0)
		return r;

	snprintf(name, sizeof(name), PREFIX "%s_HEADERS", signal->name);

	const char *headers = environment__get(name);

	if (headers)
		r = value_parse_headers(name, headers, signal->headers, signal->header_count,
					error);
	return r;
}

static int apply_times(struct config_otlp *otlp, struct error *error)
{
	const struct {
		const char *name;
		uint64_t *ns;
	} times[] = {
		{PREFIX "TIMEOUT", &otlp->timeout_ns},
		{"OTEL_METRIC_EXPORT_INTERVAL", &otlp->metric_interval_ns},
		{"OTEL_BSP_SCHEDULE_DELAY", &otlp->span_delay_ns},
	};

	for (size_t i = 0; i < COUNT(times); i++) {
		uint64_t ms = *times[i].ns / NS_PER_MS;
		int r = environment__number(times[i].name, 1, HIGHEST_MS, &ms, error);

		if (r < 0)
			return r;
		*times[i].ns = ms * NS_PER_MS;
	}
	return 0;
}

static int apply_queue(struct config_otlp *otlp, struct error *error)
{
	uint64_t queue = otlp->span_queue;
	uint64_t batch;
	int r;

	r = environment__number("OTEL_BSP_MAX_QUEUE_SIZE", 1, HIGHEST_SPANS, &queue, error);
	if (r < 0)
		return r;
	/* A batch is never more than the queue holds: the default gives way, a given one does not. */
	batch = otlp->span_batch < queue ? otlp->span_batch : queue;
	r = environment__number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 1, queue, &batch, error);
	if (r < 0)
		return r;
	otlp->span_queue = (uint32_t)queue;
	otlp->span_batch = (uint32_t)batch;
	return 0;
}

static int apply_certificate(struct config_otlp *otlp, struct error *error)
{
	static const char name[] = PREFIX "CERTIFICATE";
	const char *path = environment__get(name);

	if (!path)
		return 0;

	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return error_set(error, -EINVAL, "%s: cannot read '%.200s'; accepted: a PEM file",
				 name, path);
	return environment__text(name, &otlp->certificate_path, error);
}

int environment__apply_otlp(struct config_otlp *otlp, const char *endpoint, struct error *error)
{
	static const char *const compressions[] = {"none", "gzip"};
	static const char headers[] = PREFIX "HEADERS";
	const struct signal signals[] = {
		{"METRICS", &otlp->metrics_target, &otlp->metrics_tls, &otlp->metrics_headers,
		 &otlp->metrics_header_count},
		{"TRACES", &otlp->traces_target, &otlp->traces_tls, &otlp->traces_headers,
		 &otlp->traces_header_count},
	};
	size_t compression = otlp->gzip;
	int r;

	for (size_t i = 0; i < COUNT(signals); i++) {
		r = apply_signal(&signals[i], endpoint, error);
		if (r < 0)
			return r;
	}
	if (!otlp->metrics_target && !otlp->traces_target)
		return 0;
	if (environment__get(headers)) {
		r = value_parse_headers(headers, environment__get(headers), &otlp->headers,
					&otlp->header_count, error);
		if (r < 0)
			return r;
	}
	r = environment__choice(PREFIX "COMPRESSION", compressions, COUNT(compressions),
				&compression, error);
	if (r < 0)
		return r;
	otlp->gzip = compression == 1;
	r = apply_certificate(otlp, error);
	if (r == 0)
		r = apply_times(otlp, error);
	if (r == 0)
		r = apply_queue(otlp, error);
	return r;
}
