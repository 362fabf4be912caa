// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "config/option_table.h"

#include <limits.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"

#define HOUR_NS	     (3600 * NS_PER_S)
#define HIGHEST_MS   3600000
#define COUNT_LIMIT  1000000
#define OTLP	     "OTEL_EXPORTER_OTLP_"
#define OTLP_METRICS OTLP "METRICS_"
#define OTLP_TRACES  OTLP "TRACES_"

#define RUN	(1U << COMMAND_RUN)
#define OBSERVE (RUN | 1U << COMMAND_VERIFY)
#define PRINT	(OBSERVE | 1U << COMMAND_METRICS)
#define LISTEN	(RUN | 1U << COMMAND_HEALTH)
#define ALL	(PRINT | LISTEN)

#define PLACE(member) \
	.offset = offsetof(struct config, member), .size = sizeof(((struct config *)NULL)->member)
#define FIELD(type, member) .field = {.store = store_##type, PLACE(member)}
#define RANGE(type, member, from, to) \
	.field = {.store = store_##type, PLACE(member), .lowest = (from), .highest = (to)}
#define CHOICE(member, names) .field = {.store = store_choice, PLACE(member), .choices = (names)}
#define SWITCH(member)	      .default_text = "false", FIELD(boolean, member)
#define STEP(member, by) \
	.default_text = "false", .field = {.store = store_step, PLACE(member), .step = (by)}

/* The variables of one kind of telemetry; config/otlp.c reads them, or rejects them if only the
 * variable for both is supported. */
#define FOR_EACH_TELEMETRY(name)                                                   \
	{.variable = OTLP_METRICS name, .argument = "VALUE", .commands = RUN},     \
	{                                                                          \
		.variable = OTLP_TRACES name, .argument = "VALUE", .commands = RUN \
	}

static const char *const formats[] = {
	[FORMAT_TEXT] = "text",
	[FORMAT_JSON] = "json",
	[FORMAT_PROMETHEUS] = "prometheus",
	NULL,
};
static const char *const attachments[] = {
	[ATTACH_AUTO] = "auto",
	[ATTACH_SINGLE] = "single",
	NULL,
};
static const char *const metric_names[] = {
	[NAMES_DOCS] = "docs",
	[NAMES_SCOTTY_0_3] = "scotty-0.3",
	NULL,
};
static const char *const own_telemetry[] = {
	[OWN_TELEMETRY_WARN] = "warn",
	[OWN_TELEMETRY_REPLACE] = "replace",
	[OWN_TELEMETRY_IGNORE] = "ignore",
	NULL,
};
static const char *const histograms[] = {
	[HISTOGRAMS_EXPLICIT] = "explicit",
	[HISTOGRAMS_EXPONENTIAL] = "exponential",
	NULL,
};
static const char *const span_paths[] = {
	[SPAN_PATH_OFF] = "off",
	[SPAN_PATH_TEMPLATE] = "template",
	[SPAN_PATH_RAW] = "raw",
	NULL,
};
static const char *const switch_positions[] = {"off", "on", NULL};
static const char *const compressions[] = {"none", "gzip", NULL};

const struct option_row option_rows[] = {
	{.heading =
		 "The process to observe (default: the process whose executable is named scotty)"},
	{
		.flag = "--pid",
		.letter = 'p',
		.argument = "PID",
		.commands = OBSERVE,
		.set = SET_TARGET,
		RANGE(number, pid, 1, INT_MAX),
		.help = "the process with this id",
	},
	{
		.flag = "--exe",
		.argument = "NAME",
		.commands = OBSERVE,
		.set = SET_TARGET,
		FIELD(base_name, executable),
		.help = "the process whose executable has this file name",
	},
	{
		.flag = "--port",
		.argument = "PORT",
		.commands = OBSERVE,
		.set = SET_TARGET,
		RANGE(number, port, 1, UINT16_MAX),
		.help = "the process that listens on this TCP port",
	},
	{
		.flag = "--user",
		.argument = "USER",
		.commands = OBSERVE,
		FIELD(user, target_user),
		.help = "only a process of this user, by name or number (default: any user)",
	},
	{
		.flag = "--debug-directory",
		.argument = "DIRECTORY",
		.commands = OBSERVE,
		FIELD(directory, debug_directory),
		.help = "search this directory first, then /usr/lib/debug, for the symbols of a "
			"stripped executable: .build-id/xx/yyyy.debug, or the file that its "
			".gnu_debuglink names. Whoever may write there chooses the symbols",
	},

	{.heading = "Duration and output"},
	{
		.flag = "--duration",
		.argument = "TIME",
		.commands = RUN,
		RANGE(duration, duration_ns, NS_PER_MS, 8760 * HOUR_NS),
		.help = "stop after this time; without this option, run until interrupted",
	},
	{
		.flag = "--once",
		.commands = RUN,
		.set = SET_OUTPUT,
		SWITCH(once),
		.help = "print all metrics once and stop, after --duration if that is given; do "
			"not export and do not listen, unless an option asks for it",
	},
	{
		.flag = "--report",
		.commands = RUN,
		.set = SET_OUTPUT,
		SWITCH(report),
		.help = "print a summary at the end",
	},
	{
		.flag = "--format",
		.argument = "FORMAT",
		.default_text = "text",
		.commands = PRINT,
		.needs_once = true,
		CHOICE(format, formats),
		.help = "output format of --once: text, json or prometheus; of verify and "
			"metrics: text or json",
	},
	{
		.flag = "--verbose",
		.letter = 'v',
		.commands = ALL,
		.set = SET_VERBOSITY,
		STEP(verbosity, 1),
		.help = "log debug messages too",
	},
	{
		.flag = "--quiet",
		.letter = 'q',
		.commands = ALL,
		.set = SET_VERBOSITY,
		STEP(verbosity, -1),
		.help = "log warnings and errors only; given twice: errors only",
	},

	{.heading = "Where metrics and traces go"},
	{
		.flag = "--listen",
		.argument = "HOST:PORT",
		.default_text = "127.0.0.1:9464",
		.commands = LISTEN,
		.need = NEEDS_LISTEN,
		FIELD(listen, listen_host),
		.help = "serve /metrics and /healthz at this address; :PORT: all IPv4 addresses; "
			"none: do not listen",
	},
	{
		.flag = "--allow-host",
		.argument = "NAME",
		.commands = RUN,
		FIELD(text, allowed_host),
		.help = "on a loopback address, answer requests to this host name as well; "
			"addresses, localhost and the host of --listen are always allowed",
	},
	{
		.flag = "--front-user",
		.argument = "NAME",
		.commands = RUN,
		FIELD(text, front_user),
		.help = "the user that the network process runs as (default: scottyscope if the "
			"system has this user, else nobody)",
	},
	{
		.flag = "--otlp-endpoint",
		.variable = OTLP "ENDPOINT",
		.argument = "URL",
		.default_text = "http://localhost:4317",
		.commands = RUN,
		.help = "export metrics and traces to this OTLP/gRPC receiver; none: do not "
			"export",
	},

	{
		.flag = "--span-path",
		.variable = "SCOTTYSCOPE_SPAN_PATH",
		.argument = "WHAT",
		.default_text = "raw",
		.commands = RUN,
		CHOICE(span_path, span_paths),
		.help = "what spans tell of the path of a request. off: nothing; template: the "
			"route template (http.route and the name of the span); raw: also the path "
			"that the client sent, without its query (url.path)",
	},
	{
		.flag = "--span-client",
		.variable = "SCOTTYSCOPE_SPAN_CLIENT",
		.argument = "SWITCH",
		.default_text = "on",
		.commands = RUN,
		CHOICE(span_client, switch_positions),
		.help = "on: spans have the address and the port of the client; off: they do not",
	},

	{.heading = "What to measure"},
	{
		.flag = "--level",
		.argument = "LEVEL",
		.default_text = "full",
		.commands = OBSERVE,
		CHOICE(level, level_names),
		.help = "basic: requests, websockets, sessions, tasks, applications and memory; "
			"standard: also the polls of tokio's tasks; full: also wake-ups, and the "
			"time that tasks wait in tokio's run queues",
	},
	{
		.flag = "--histograms",
		.argument = "KIND",
		.default_text = "explicit",
		.commands = OBSERVE,
		CHOICE(histograms, histograms),
		.help = "explicit: bucket bounds that suit each metric; exponential: base-2 "
			"exponential histograms",
	},
	{
		.flag = "--metric-names",
		.argument = "NAMES",
		.default_text = "docs",
		.commands = OBSERVE,
		CHOICE(metric_names, metric_names),
		.help = "docs: the names of Scotty's documentation; scotty-0.3: the names that "
			"Scotty 0.3 emits",
	},
	{
		.flag = "--own-telemetry",
		.argument = "HOW",
		.default_text = "warn",
		.commands = OBSERVE,
		CHOICE(own_telemetry, own_telemetry),
		.help = "where the server exports telemetry of its own under the same names "
			"(SCOTTY__TELEMETRY). warn: say so. replace: export under the service name "
			"NAME-scottyscope, so that nothing is doubled. ignore: say nothing",
	},
	{
		.flag = "--app-sample",
		.argument = "TIME",
		.default_text = "30s", /* the interval of Scotty 0.3 */
		.commands = OBSERVE,
		RANGE(duration, app_sample_ns, NS_PER_MS, 24 * HOUR_NS),
		.help = "time between two samples of each application's services and last check",
	},
	{
		.flag = "--slow-poll",
		.argument = "TIME",
		.default_text = "1ms",
		.commands = OBSERVE,
		RANGE(duration, slow_poll_ns, NS_PER_US, HOUR_NS),
		.help = "count a poll as slow if it takes longer than this",
	},
	{
		.flag = "--max-series",
		.argument = "N",
		.default_text = "1000",
		.commands = OBSERVE,
		RANGE(number, max_series, 1, 100000),
		.help = "limit of label sets of one metric; all further label sets are counted as "
			"one",
	},
	{
		.flag = "--max-tasks",
		.argument = "N",
		.default_text = "65536",
		.commands = OBSERVE,
		RANGE(number, max_tasks, 1, COUNT_LIMIT),
		.help = "limit of tokio tasks alive at one time; each task takes 256 bytes of "
			"kernel memory",
	},
	{
		.flag = "--max-connections",
		.argument = "N",
		.commands = OBSERVE,
		RANGE(number, max_connections, 1, COUNT_LIMIT),
		.help = "limit of connections, and of sessions, open at one time; each takes 700 "
			"bytes of kernel memory (default: the limit of open files that the process "
			"has, from 1024 to 32768)",
	},
	{
		.flag = "--max-span-age",
		.argument = "TIME",
		.default_text = "24h",
		.commands = OBSERVE,
		RANGE(duration, span_age_limit_ns, NS_PER_MS, 8760 * HOUR_NS),
		.help = "drop spans that are open for longer than this, and count them as dropped",
	},

	{.heading = "Limits for the cost"},
	{
		.flag = "--max-overhead",
		.argument = "PERCENT",
		.default_text = "3",
		.commands = OBSERVE,
		FIELD(percent_or_none, max_overhead),
		.help = "limit of the CPU time of the probes, in percent of the CPU time "
			"available to the process. Above it, polls are sampled and the metrics of "
			"polls are estimates; all other metrics stay exact. none: no limit",
	},
	{
		.flag = "--max-span-rate",
		.argument = "N",
		.default_text = "8000",
		.commands = OBSERVE,
		RANGE(number_or_none, max_span_rate, 1, COUNT_LIMIT),
		.help = "limit of spans per second, and of a burst: the spans of one second, or "
			"half of "
			"the export queue. Above it, traces are sampled; the spans of all other "
			"traces are dropped and counted. none: no limit",
	},
	{.heading = "How to attach"},
	{
		.flag = "--attach",
		.argument = "HOW",
		.default_text = "auto",
		.commands = OBSERVE,
		CHOICE(attach, attachments),
		.help = "leave this at auto, except to look for an error. auto: one uprobe_multi "
			"link for all probe sites of a hook if the kernel supports it (6.6 and "
			"newer); single: one perf event for each probe site",
	},

	{.heading = "General"},
	{
		.flag = "--config",
		.argument = "FILE",
		.commands = ALL,
		.not_in_file = true,
		FIELD(text, config_path),
		.help = "read options and OTEL_* variables from this YAML file; only root and the "
			"invoking user may own or write the file",
	},
	{
		.flag = "--help",
		.letter = 'h',
		.commands = ALL,
		.not_in_file = true,
		.help = "print this help and exit",
	},
	{
		.flag = "--version",
		.letter = 'V',
		.commands = ALL,
		.not_in_file = true,
		.help = "print the version and exit",
	},

	{.heading = "Environment variables"},
	{
		.variable = "OTEL_SERVICE_NAME",
		.argument = "NAME",
		.commands = ALL,
		FIELD(text, service_name),
		.help = "service.name of the exported resource (default: the name that the "
			"process has in its own environment, else the name of its executable)",
	},
	{
		.variable = "OTEL_RESOURCE_ATTRIBUTES",
		.argument = "KEY=VALUE,...",
		.commands = ALL,
		FIELD(pairs, resource_attributes),
		.help = "more attributes of the exported resource, percent-encoded",
	},
	{
		.variable = "OTEL_EXPORTER_PROMETHEUS_HOST",
		.argument = "HOST",
		.commands = LISTEN,
		.need = NEEDS_LISTEN,
		FIELD(text, listen_host),
		.help = "the host of --listen",
	},
	{
		.variable = "OTEL_EXPORTER_PROMETHEUS_PORT",
		.argument = "PORT",
		.commands = LISTEN,
		.need = NEEDS_LISTEN,
		RANGE(number, listen_port, 0, UINT16_MAX),
		.help = "the port of --listen; 0: any free port",
	},
	{
		.variable = "OTEL_SDK_DISABLED",
		.argument = "BOOLEAN",
		.commands = ALL,
		SWITCH(sdk_disabled),
		.help = "true: export and listen only if an option asks for it",
	},

	{.heading = "Environment variables of the export"},
	{
		.variable = "OTEL_METRICS_EXPORTER",
		.argument = "EXPORTER",
		.default_text = "otlp",
		.commands = RUN,
		.help = "otlp; none: do not export metrics",
	},
	{
		.variable = "OTEL_TRACES_EXPORTER",
		.argument = "EXPORTER",
		.default_text = "otlp",
		.commands = RUN,
		.help = "otlp; none: do not export traces",
	},
	FOR_EACH_TELEMETRY("ENDPOINT"),
	{
		.variable = OTLP "PROTOCOL",
		.argument = "PROTOCOL",
		.default_text = "grpc",
		.commands = RUN,
		.help = "grpc is the only supported protocol",
	},
	FOR_EACH_TELEMETRY("PROTOCOL"),
	{
		.variable = OTLP "INSECURE",
		.argument = "BOOLEAN",
		.default_text = "false",
		.commands = RUN,
		.help = "true: no TLS if the endpoint has neither http:// nor https://",
	},
	FOR_EACH_TELEMETRY("INSECURE"),
	{
		.variable = OTLP "HEADERS",
		.argument = "KEY=VALUE,...",
		.commands = RUN,
		.help = "gRPC metadata, percent-encoded",
	},
	FOR_EACH_TELEMETRY("HEADERS"),
	{
		.variable = OTLP "TIMEOUT",
		.argument = "MS",
		.default_text = "10000",
		.commands = RUN,
		.need = NEEDS_EXPORT,
		RANGE(milliseconds, otlp.timeout_ns, 1, HIGHEST_MS),
		.help = "timeout of one export",
	},
	FOR_EACH_TELEMETRY("TIMEOUT"),
	{
		.variable = OTLP "COMPRESSION",
		.argument = "COMPRESSION",
		.default_text = "none",
		.commands = RUN,
		.need = NEEDS_EXPORT,
		CHOICE(otlp.gzip, compressions),
		.help = "none or gzip",
	},
	FOR_EACH_TELEMETRY("COMPRESSION"),
	{
		.variable = OTLP "CERTIFICATE",
		.argument = "FILE",
		.commands = RUN,
		.need = NEEDS_EXPORT,
		FIELD(readable_path, otlp.certificate_path),
		.help = "PEM file of the certificates to trust (default: the system's)",
	},
	FOR_EACH_TELEMETRY("CERTIFICATE"),
	{
		.variable = OTLP "CLIENT_CERTIFICATE",
		.argument = "FILE",
		.commands = RUN,
		.help = "PEM file of this client's certificate, for mutual TLS",
	},
	FOR_EACH_TELEMETRY("CLIENT_CERTIFICATE"),
	{
		.variable = OTLP "CLIENT_KEY",
		.argument = "FILE",
		.commands = RUN,
		.help = "PEM file of this client's private key, for mutual TLS",
	},
	FOR_EACH_TELEMETRY("CLIENT_KEY"),
	{
		.variable = "OTEL_METRIC_EXPORT_INTERVAL",
		.argument = "MS",
		.default_text = "60000",
		.commands = RUN,
		.need = NEEDS_EXPORT,
		RANGE(milliseconds, otlp.metric_interval_ns, 1, HIGHEST_MS),
		.help = "time between two exports of metrics",
	},
	{
		.variable = "OTEL_BSP_SCHEDULE_DELAY",
		.argument = "MS",
		.default_text = "5000",
		.commands = RUN,
		.need = NEEDS_EXPORT,
		RANGE(milliseconds, otlp.span_delay_ns, 1, HIGHEST_MS),
		.help = "time between two exports of spans",
	},
	{
		.variable = "OTEL_BSP_MAX_QUEUE_SIZE",
		.argument = "N",
		.default_text = "16384",
		.commands = RUN,
		.need = NEEDS_EXPORT,
		RANGE(number, otlp.span_queue, 1, COUNT_LIMIT),
		.help = "spans that wait for export; further spans are dropped. The default holds "
			"two "
			"seconds of --max-span-rate",
	},
	{
		.variable = "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
		.argument = "N",
		.default_text = "512",
		.commands = RUN,
		.need = NEEDS_EXPORT,
		RANGE(number, otlp.span_batch, 1, COUNT_LIMIT),
		.help = "spans of one export, at most the queue size",
	},
	{
		.variable = "OTEL_TRACES_SAMPLER",
		.argument = "SAMPLER",
		.default_text = "parentbased_always_on",
		.commands = RUN,
		.help = "always_on, always_off, traceidratio, or parentbased_ followed by one of "
			"these",
	},
	{
		.variable = "OTEL_TRACES_SAMPLER_ARG",
		.argument = "RATIO",
		.default_text = "1",
		.commands = RUN,
		.help = "the ratio of traceidratio, from 0 to 1",
	},
};

const size_t option_row_count = ARRAY_SIZE(option_rows);
_Static_assert(ARRAY_SIZE(option_rows) <= OPTION_LIMIT, "arrays of a value for each row");

const struct option_row *option_row__of_key(const char *key)
{
	for (const struct option_row *row = option_rows; row < option_rows + option_row_count;
	     row++) {
		if (row->flag && strcmp(option_row__key(row), key) == 0)
			return row;
	}
	return NULL;
}

const struct option_row *option_row__of_variable(const char *variable)
{
	for (const struct option_row *row = option_rows; row < option_rows + option_row_count;
	     row++) {
		if (row->variable && strcmp(row->variable, variable) == 0)
			return row;
	}
	return NULL;
}
