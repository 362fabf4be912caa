/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_REPORT_REPORT_H
#define SCOTTYSCOPE_REPORT_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "metric/metric.h"

/* What stands around a report's numbers. */
struct report_context {
	const char *executable_path;
	int pid;
	uint64_t lost;		 /* self_total_lost() */
	bool has_estimates;	 /* polls were not watched all of the time */
	const char *metrics_url; /* NULL: not served */
	const char *collector;	 /* "host:port", NULL: not sent */
};

/* A collection for its reader: requests by route and status with latency quantiles and their
 * distribution, polls, memory, what was lost, and where to look next. */
void report_print_text(const struct metric_set *set, const struct report_context *context,
		       FILE *stream);

/* The same collection as JSON: {"metrics": [{name, unit, kind, points: [...]}]}. */
int report_print_json(const struct metric_set *set, FILE *stream, struct error *error);

#endif
