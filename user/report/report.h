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
	const struct snapshot *snapshot;      /* the set was made of it */
	const struct self_counters *counters; /* after the last export */
	const char *metrics_url;	      /* NULL: not served */
	const char *metrics_target; /* the collector of metrics, "host:port"; NULL: none */
	const char *traces_target;  /* the collector of traces */
};

/* A report for people: requests by route and status with the distribution of their durations, sessions,
 * polls, memory, what was dropped, what the collector accepted, and where to look next. */
void report_print_text(const struct metric_set *set, const struct report_context *context,
		       FILE *stream);

/* The set as JSON, with the attributes of the resource that describes the process; docs/json.md has
 * the members. -ENOMEM. */
int report_print_json(const struct metric_set *set, const struct otlp_resource *resource,
		      FILE *stream, struct error *error);

#endif
