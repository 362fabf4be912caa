/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_CONFIG_CONFIG_H
#define SCOTTYSCOPE_CONFIG_CONFIG_H

/* What the user asked for, from command line, environment and a configuration file, in this order
 * of precedence: validated once, then const. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/level.h"

#include "base/error.h"
#include "base/log.h"

enum config_command {
	COMMAND_RUN,
	COMMAND_VERIFY,
	COMMAND_METRICS,
	COMMAND_HEALTH,
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

/* How metrics and their attributes are named. */
enum config_names {
	NAMES_DOCS,	  /* as Scotty's documentation has them */
	NAMES_SCOTTY_0_3, /* as Scotty 0.3 itself emits them, where the two differ */
};

enum config_histograms {
	HISTOGRAMS_EXPLICIT,	/* with bounds that suit what is measured */
	HISTOGRAMS_EXPONENTIAL, /* base 2: bounds are powers of two of the unit */
};

enum config_sampler_kind {
	SAMPLER_ALWAYS_ON,
	SAMPLER_ALWAYS_OFF,
	SAMPLER_RATIO,
};

/* Which traces are recorded: OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG, by the specification
 * "General SDK Configuration". Metrics do not depend on it. */
struct config_sampler {
	enum config_sampler_kind kind; /* of traces without a decision from before */
	bool parent_based;	       /* a parent's decision, where there is one, goes before */
	double ratio;		       /* of SAMPLER_RATIO: the share of trace ids, 0 to 1 */
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
	bool metrics_tls;     /* https:// */
	bool traces_tls;
	char *certificate_path; /* OTEL_EXPORTER_OTLP_CERTIFICATE; NULL: the system's */
	/* The texts of the files that OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and ..._CLIENT_KEY
	 * name: both, or NULL. The key is a secret. They are read before privileges are given up,
	 * so that only root has to be able to read the key. */
	char *client_certificate;
	char *client_key;
	struct config_header *headers; /* OTEL_EXPORTER_OTLP_HEADERS */
	size_t header_count;
	/* OTEL_EXPORTER_OTLP_METRICS_HEADERS and ..._TRACES_HEADERS: sent with that signal in place
	 * of `headers`; NULL: not given. See config_otlp__metrics_headers(). */
	struct config_header *metrics_headers;
	size_t metrics_header_count;
	struct config_header *traces_headers;
	size_t traces_header_count;
	bool gzip;		     /* OTEL_EXPORTER_OTLP_COMPRESSION */
	uint64_t timeout_ns;	     /* OTEL_EXPORTER_OTLP_TIMEOUT */
	uint64_t metric_interval_ns; /* OTEL_METRIC_EXPORT_INTERVAL */
	uint64_t span_delay_ns;	     /* OTEL_BSP_SCHEDULE_DELAY */
	uint32_t span_queue;	     /* OTEL_BSP_MAX_QUEUE_SIZE */
	uint32_t span_batch;	     /* OTEL_BSP_MAX_EXPORT_BATCH_SIZE, at most span_queue */
	/* Not the user's: the program that sends, opened by export_program_open() for the front to
	 * run; 0: the front sends itself. */
	int program_fd;
};

struct config {
	enum config_command command;
	enum config_format format; /* of --once; of verify and metrics, text or JSON */
	enum log_level log_level;  /* for log_set_level() */
	char *config_path;	   /* --config; NULL: not given */

	/* Which process: at most one of the three is given. */
	pid_t pid;	      /* 0: not given */
	uint16_t port;	      /* 0: not given */
	char *executable;     /* base name to look for; NULL: not given */
	uint64_t duration_ns; /* 0: until told to stop */
	bool once;	      /* one collection to standard output */
	bool report;	      /* a summary on standard output at the end */

	char *listen_host;    /* of /metrics; NULL: no HTTP server */
	uint16_t listen_port; /* 0: any free one */

	enum config_attach attach;
	enum level level;
	/* What the probes may cost, as a share of the CPU time that the target could have: beyond it
	 * polls are watched only some of the time. 0: any. */
	double max_overhead;

	enum config_names metric_names;
	enum config_histograms histograms;
	uint64_t slow_poll_ns;	    /* longer polls are slow */
	uint64_t app_sample_ns;	    /* how often each application is observed */
	uint64_t span_age_limit_ns; /* spans open for longer are given up */
	uint32_t max_span_rate;	    /* spans that may begin in a second; 0: any number */
	uint32_t max_series;	    /* label sets of one metric, the overflow set not counted */
	uint32_t max_tasks;	    /* tasks alive at one time, for sizing maps */
	uint32_t max_connections;   /* connections open at one time, for sizing maps */
	uint32_t ring_bytes;	    /* size of the ring buffer, a power of two */

	struct config_otlp otlp;
	struct config_sampler sampler;
	char *service_name; /* OTEL_SERVICE_NAME; NULL: not given */
	/* OTEL_RESOURCE_ATTRIBUTES, as given but checked: value_parse_pairs() (config/values.h)
	 * takes it. NULL: not given. */
	char *resource_attributes;
};

/* Reads command line, environment and file. On success the caller owns `*ret_config`. A bad value is -EINVAL with the reason on one line (exit status EXIT_STATUS_USAGE); --help and
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
