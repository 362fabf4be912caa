/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_CONFIG_CONFIG_H
#define SCOTTYSCOPE_CONFIG_CONFIG_H

/* What the user asked for, from command line and environment: validated once, then const. */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/log.h"

enum config_command {
	COMMAND_RUN,
	COMMAND_VERIFY,
};

enum config_format {
	FORMAT_TEXT,
	FORMAT_JSON,
	FORMAT_PROMETHEUS,
};

enum config_attach {
	ATTACH_AUTO,
	ATTACH_SINGLE, /* one perf event a site, even where the kernel has uprobe_multi */
};

/* gRPC metadata: `name` in lower case, `value` printable ASCII. Values are secrets: never print or
 * log them. */
struct config_header {
	char *name;
	char *value;
};

/* Where OTLP goes: one endpoint for metrics and one for traces, after the OpenTelemetry
 * specification "OTLP exporter". */
struct config_otlp {
	char *metrics_target; /* "host:port", as gRPC takes it; NULL: not sent */
	char *traces_target;  /* where both are NULL, nothing below was read: it has its defaults */
	_Bool metrics_tls;    /* https:// */
	_Bool traces_tls;
	char *certificate_path;	       /* OTEL_EXPORTER_OTLP_CERTIFICATE; NULL: the system's */
	struct config_header *headers; /* OTEL_EXPORTER_OTLP_HEADERS */
	size_t header_count;
	/* OTEL_EXPORTER_OTLP_METRICS_HEADERS and ..._TRACES_HEADERS: sent with that signal in place
	 * of `headers`; NULL: not given. See config_otlp__metrics_headers(). */
	struct config_header *metrics_headers;
	size_t metrics_header_count;
	struct config_header *traces_headers;
	size_t traces_header_count;
	_Bool gzip;		     /* OTEL_EXPORTER_OTLP_COMPRESSION */
	uint64_t timeout_ns;	     /* OTEL_EXPORTER_OTLP_TIMEOUT */
	uint64_t metric_interval_ns; /* OTEL_METRIC_EXPORT_INTERVAL */
	uint64_t span_delay_ns;	     /* OTEL_BSP_SCHEDULE_DELAY */
	uint32_t span_queue;	     /* OTEL_BSP_MAX_QUEUE_SIZE */
	uint32_t span_batch;	     /* OTEL_BSP_MAX_EXPORT_BATCH_SIZE, at most span_queue */
};

struct config {
	enum config_command command;
	enum config_format format; /* of --once and of verify, which has no Prometheus format */
	enum log_level log_level;  /* for log_set_level() */

	/* Which process: at most one of the three is given. */
	pid_t pid;	      /* 0: not given */
	uint16_t port;	      /* 0: not given */
	char *executable;     /* base name to look for; NULL: not given */
	uint64_t duration_ns; /* 0: until told to stop */
	_Bool once;	      /* one collection to standard output */
	_Bool report;	      /* a summary on standard output at the end */

	char *listen_host;    /* of /metrics; NULL: no HTTP server */
	uint16_t listen_port; /* 0: any free one */

	enum config_attach attach;

	uint64_t slow_poll_ns;	  /* longer polls are slow */
	uint32_t max_series;	  /* label sets of one metric, the overflow set not counted */
	uint32_t max_tasks;	  /* tasks alive at one time, for sizing maps */
	uint32_t max_connections; /* connections open at one time, for sizing maps */
	uint32_t ring_bytes;	  /* size of the ring buffer, a power of two */

	struct config_otlp otlp;
	char *service_name; /* OTEL_SERVICE_NAME; NULL: not given */
	/* OTEL_RESOURCE_ATTRIBUTES, as given but checked: value_parse_pairs() (config/values.h)
	 * takes it. NULL: not given. */
	char *resource_attributes;
};

/* Reads the command line and the environment. On success the caller owns `*ret_config`. A bad
 * value is -EINVAL with the reason on one line (exit status EXIT_STATUS_USAGE); --help and
 * --version print and exit. May reorder `argv`, as getopt does. */
int config__parse(int argc, char **argv, struct config **ret_config, struct error *error);
void config__free(struct config *config);

/* The headers to send with metrics, and with traces; `*ret_count` may be 0. */
static inline const struct config_header *
config_otlp__metrics_headers(const struct config_otlp *otlp, size_t *ret_count)
{
	*ret_count = otlp->metrics_headers ? otlp->metrics_header_count : otlp->header_count;
	return otlp->metrics_headers ? otlp->metrics_headers : otlp->headers;
}

static inline const struct config_header *
config_otlp__traces_headers(const struct config_otlp *otlp, size_t *ret_count)
{
	*ret_count = otlp->traces_headers ? otlp->traces_header_count : otlp->header_count;
	return otlp->traces_headers ? otlp->traces_headers : otlp->headers;
}

static inline void config__freep(struct config **config)
{
	config__free(*config);
}

#endif
