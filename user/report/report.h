/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_REPORT_REPORT_H
#define SCOTTYSCOPE_REPORT_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "metric/metric.h"
#include "otlp/otlp.h"
#include "self/self.h"
#include "snapshot/snapshot.h"

/* Header and footer data of a report. */
struct report_context {
	const char *executable_path;
	int pid;
	const struct snapshot *snapshot;      /* source of the metric set */
	const struct self_counters *counters; /* after the last export */
	const char *metrics_url;	      /* NULL: no endpoint */
	const char *metrics_target;	      /* "host:port" of the metrics collector; NULL: none */
	const char *traces_target;	      /* "host:port" of the traces collector; NULL: none */
};

/* Prints a report as text: requests by route and status with the distribution of their durations,
 * sessions, polls, memory, drops, accepted exports, and further commands. */
void report_print_text(const struct metric_set *set, const struct report_context *context,
		       FILE *stream);

/* Prints the set as JSON, with the resource attributes of the process; docs/json.md describes the
 * members. Text that is not UTF-8 is repaired as in OTLP. -ENOMEM. */
int report_print_json(const struct metric_set *set, const struct otlp_resource *resource,
		      FILE *stream, struct error *error);

#endif
