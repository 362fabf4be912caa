/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_SELF_SELF_H
#define SCOTTYSCOPE_SELF_SELF_H

/* The tool's own metrics: what it saw, what it lost and why, what it costs. */

#include <stdbool.h>

#include "base/error.h"
#include "export/statistics.h"
#include "metric/metric.h"
#include "probe/probe.h"

/* What is lost or done after the kernel side, cumulative. */
struct self_counters {
	uint64_t records; /* taken from the ring */
	uint64_t malformed_records;
	uint64_t spans_made;
	uint64_t spans_unfinished; /* when the observation ended */
	uint64_t spans_dropped;	   /* a batch was full */
	uint64_t collections;
	uint64_t front_restarts;
	uint64_t probes_cost_ns;	/* taken from the target, as far as that was measured */
	double probes_overhead;		/* of the CPU time that it could have had, lately */
	double polls_watched;		/* the share of the time that polls are watched */
	double traces_kept;		/* the share of the traces that are, within their limit */
	bool has_estimates;		/* it was not 1 all along, though polls are reported */
	struct export_statistics front; /* of all fronts so far */
	uint64_t scrapes;		/* by all fronts, answered */
	uint64_t scrape_failures;
};

/* Adds the tool's metrics to a collection. */
void self_collect(struct metric_set *set, const struct probe_totals *totals,
		  const struct probe_attachment *attachment, const struct self_counters *counters);

/* Sampled spans that have begun and not ended. */
uint64_t self_open_spans(const struct probe_totals *totals);

/* Everything that was lost, by whatever cause: 0 means that all is exact and complete. */
uint64_t self_total_lost(const struct probe_totals *totals, const struct self_counters *counters);

#endif
