/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_CONFIG_CONFIG_H
#define SCOTTYSCOPE_CONFIG_CONFIG_H

/* The settings of one run. config/parse.h fills them from the command line, the environment and the
 * configuration file; after that they are const. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/level.h"
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
	ATTACH_SINGLE, /* one perf event for each site, even if the kernel has uprobe_multi */
};

/* The names of metrics and attributes. */
enum config_names {
	NAMES_DOCS,	  /* the names of Scotty's documentation */
	NAMES_SCOTTY_0_3, /* the names that Scotty 0.3 emits, if they differ */
};

/* What to do where the server exports telemetry of its own, under the same names. */
enum config_own_telemetry {
	OWN_TELEMETRY_WARN,
	OWN_TELEMETRY_REPLACE, /* export under another service name */
	OWN_TELEMETRY_IGNORE,
};

/* What spans tell of the path of a request. */
enum config_span_path {
	SPAN_PATH_OFF,	    /* nothing */
	SPAN_PATH_TEMPLATE, /* the template of the matched route */
	SPAN_PATH_RAW,	    /* also the path that the client sent */
};

enum config_histograms {
	HISTOGRAMS_EXPLICIT,	/* the bounds suit the measured quantity */
	HISTOGRAMS_EXPONENTIAL, /* base 2: the bounds are powers of two of the unit */
};

enum config_sampler_kind {
	SAMPLER_ALWAYS_ON,
	SAMPLER_ALWAYS_OFF,
	SAMPLER_RATIO,
};

/* Selects the traces to record: OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG of the
 * specification "General SDK Configuration". Metrics do not depend on it. */
struct config_sampler {
	enum config_sampler_kind kind; /* for traces that have no sampling decision yet */
	bool parent_based;	       /* a parent's decision takes precedence over `kind` */
	double ratio;		       /* of SAMPLER_RATIO: the share of trace ids, 0 to 1 */
};

/* gRPC metadata: `name` in lower case, `value` printable ASCII. Values are secrets: never print or
 * log them. */
struct config_header {
	char *name;
	char *value;
};

/* The OTLP exporter: one endpoint for metrics and one for traces, after the OpenTelemetry
 * specification "OTLP exporter". */
struct config_otlp {
	char *metrics_target; /* "host:port", as gRPC takes it; NULL: metrics are not exported */
	char *traces_target;  /* if both are NULL, the fields below have their defaults */
	bool metrics_tls;     /* https:// */
	bool traces_tls;
	char *certificate_path; /* OTEL_EXPORTER_OTLP_CERTIFICATE; NULL: the system's */
	/* The contents of the files that OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and ..._CLIENT_KEY
	 * name: both, or NULL. The key is a secret. They are read before privileges are dropped, so
	 * that the key may be readable for root only. */
	char *client_certificate;
	char *client_key;
	struct config_header *headers; /* OTEL_EXPORTER_OTLP_HEADERS */
	size_t header_count;
	/* OTEL_EXPORTER_OTLP_METRICS_HEADERS and ..._TRACES_HEADERS: sent with this telemetry
	 * instead of `headers`; NULL: not given. See config_otlp__metrics_headers(). */
	struct config_header *metrics_headers;
	size_t metrics_header_count;
	struct config_header *traces_headers;
	size_t traces_header_count;
	bool gzip;
	uint64_t timeout_ns;	     /* of one export */
	uint64_t metric_interval_ns; /* between two exports of metrics */
	uint64_t span_delay_ns;	     /* between two exports of spans, at most */
	uint32_t span_queue;	     /* spans that wait for export, at most */
	uint32_t span_batch;	     /* spans of one export, at most span_queue */
	/* Not a setting of the user: the program that exports, opened by exporter__open_program() for
	 * the front to run; 0: the front exports itself. */
	int program_fd;
};

struct config {
	enum config_command command;
	enum config_format format; /* of --once, verify and metrics; Prometheus only of --once */
	enum log_level log_level;  /* for log_set_level() */
	int verbosity;		   /* --verbose adds 1, --quiet subtracts 1; see log_level */
	char *config_path;	   /* --config; NULL: not given */

	/* Selects the process: at most one of the first three is given. */
	pid_t pid;	       /* 0: not given */
	uint16_t port;	       /* 0: not given */
	char *executable;      /* base name to look for; NULL: not given */
	uint64_t target_user;  /* the user id of the process plus 1; 0: not given */
	char *debug_directory; /* --debug-directory; NULL: not given */
	uint64_t duration_ns;  /* 0: until interrupted */
	bool once;	       /* print all metrics to standard output and stop */
	bool report;	       /* print a summary to standard output at the end */

	char *listen_host;    /* of /metrics; NULL: no HTTP server */
	uint16_t listen_port; /* 0: any free port */
	/* A name for which /metrics is served on a loopback address, besides localhost and
	 * addresses; NULL: not given. */
	char *allowed_host;
	char *front_user; /* the user that the network process runs as; NULL: not given */

	enum config_attach attach;
	enum level level;
	/* The limit for the cost of the probes, as a share of the CPU time available to the target.
	 * Above the limit, polls are sampled. 0: no limit. */
	double max_overhead;

	enum config_names metric_names;
	enum config_own_telemetry own_telemetry;
	enum config_span_path span_path;
	bool span_client; /* spans have the client's address and port */
	enum config_histograms histograms;
	uint64_t slow_poll_ns;	    /* longer polls are slow polls */
	uint64_t app_sample_ns;	    /* time between two samples of the applications */
	uint64_t span_age_limit_ns; /* spans that are open for longer are dropped */
	uint32_t max_span_rate;	    /* spans in a second; 0: no limit */
	uint32_t max_series;	    /* label sets of one metric, without the overflow set */
	uint32_t max_tasks;	    /* tasks alive at one time: the size of maps */
	uint32_t max_connections;   /* as max_tasks; 0: follows the target's limit of open files */
	uint32_t ring_bytes;	    /* the size of the ring buffer, a power of two */

	bool sdk_disabled; /* OTEL_SDK_DISABLED: export and listen only if an option asks for it */
	struct config_otlp otlp;
	struct config_sampler sampler;
	char *service_name; /* OTEL_SERVICE_NAME; NULL: not given */
	/* OTEL_RESOURCE_ATTRIBUTES, unparsed but valid for value_parse_pairs() (config/values.h);
	 * NULL: not given. */
	char *resource_attributes;
};

/* Frees the config and all that it owns. */
void config__free(struct config *config);
void config_headers__free(struct config_header *headers, size_t count);

/* Overwrites the values of all OTLP headers and the client's private key, for a process that does not
 * export itself. They become empty. */
void config_otlp__wipe(const struct config_otlp *otlp);

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
