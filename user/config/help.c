// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "config/help.h"

#include <stdio.h>
#include <version.h>

#include "config/exit_status.h"
#include "config/option_table.h"

/* Text before and, behind the "\v", after the options. argp keeps the line breaks and folds lines
 * at 79 columns. */
static const char doc[] =
	"Reports metrics and traces of a running Scotty, from outside: finds the process, attaches "
	"to it, sends OTLP/gRPC and serves Prometheus text. The process is neither changed nor "
	"restarted.\n\n"
	"  run      observe and report (the default)\n"
	"  verify   attach nothing, print what can be observed, what is missing and the cost\n"
	"  metrics  print the list of all metrics; needs no process and no root\n"
	"  health   ask a running scottyscope whether it works (its /healthz)\v"
	"TIME is a number with a unit (ns, us, ms, s, m, h), seconds without one. A configuration "
	"file has lines such as these, each option and variable as it is written here:\n"
	"  slow-poll: 5ms\n"
	"  otlp-endpoint: https://collector:4317\n"
	"  OTEL_EXPORTER_OTLP_HEADERS: authorization=Bearer%20...\n"
	"\n"
	"Examples:\n"
	"  sudo scottyscope                          observe, serve 127.0.0.1:9464\n"
	"  sudo scottyscope --otlp-endpoint http://collector:4317 --listen none\n"
	"  sudo scottyscope --once --duration 10s --format prometheus\n"
	"  sudo scottyscope --port 21342 --duration 5m --report\n"
	"  sudo scottyscope verify -p 4711 --format json\n"
	"  sudo OTEL_TRACES_EXPORTER=none scottyscope        metrics only\n"
	"\n"
	"Environment (an option goes before a variable, both go before a file, an empty variable "
	"is one not set; sudo "
	"removes variables unless given as above or with -E):\n"
	"  OTEL_EXPORTER_OTLP_ENDPOINT, _PROTOCOL (grpc), _INSECURE, _HEADERS, and\n"
	"    each for one signal: OTEL_EXPORTER_OTLP_METRICS_ENDPOINT, _TRACES_ENDPOINT\n"
	"  OTEL_EXPORTER_OTLP_TIMEOUT (ms), _COMPRESSION (none, gzip)\n"
	"  OTEL_EXPORTER_OTLP_CERTIFICATE, _CLIENT_CERTIFICATE, _CLIENT_KEY (PEM files)\n"
	"  OTEL_METRICS_EXPORTER, OTEL_TRACES_EXPORTER (otlp, none)\n"
	"  OTEL_METRIC_EXPORT_INTERVAL (ms)\n"
	"  OTEL_BSP_SCHEDULE_DELAY (ms), OTEL_BSP_MAX_QUEUE_SIZE,\n"
	"    OTEL_BSP_MAX_EXPORT_BATCH_SIZE\n"
	"  OTEL_EXPORTER_PROMETHEUS_HOST, OTEL_EXPORTER_PROMETHEUS_PORT\n"
	"  OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES\n"
	"  OTEL_TRACES_SAMPLER (always_on, always_off, traceidratio, each also after\n"
	"    parentbased_; default: parentbased_always_on)\n"
	"  OTEL_TRACES_SAMPLER_ARG (of traceidratio: 0 to 1)\n"
	"  OTEL_SDK_DISABLED (true: export and listen only where an option asks for it)\n"
	"\n"
	"Exit status:\n"
#define X(name, number, text) "  " #number "  " text "\n"
	EXIT_STATUSES(X)
#undef X
	;

void help__print(void)
{
	static char name[] = "scottyscope";
	const struct argp argp = {
		.options = option_table,
		.args_doc = "[run|verify|metrics|health]",
		.doc = doc,
	};

	argp_help(&argp, stdout, ARGP_HELP_STD_HELP & ~(unsigned)ARGP_HELP_EXIT_OK, name);
}

void help__print_version(void)
{
	puts("scottyscope " SCOTTYSCOPE_VERSION);
}
