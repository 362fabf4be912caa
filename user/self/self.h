/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_SELF_SELF_H
#define SCOTTYSCOPE_SELF_SELF_H

/* The tool's own metrics: what was recorded, what was dropped and why, and what the tool costs. */

#include "base/arena.h"
#include "export/statistics.h"
#include "metric/metric.h"
#include "snapshot/snapshot.h"

/* Counts of the process of the tool, cumulative. */
struct self_counters {
	uint64_t collections;
	uint64_t front_restarts;
	uint64_t snapshots_not_taken;	   /* the last one, by a front that had ended */
	uint64_t exports_failed;	   /* no snapshot was taken, or none encoded */
	struct export_statistics exporter; /* of all fronts so far, as the next two */
	uint64_t scrapes;		   /* answered */
	uint64_t scrape_failures;
};

/* Adds the tool's metrics to a set. -ENOMEM when the set's arena is full. */
int self_collect(struct metric_set *set, const struct snapshot *snapshot,
		 const struct self_counters *counters);

/* The number of events, records, spans and requests that were dropped, for any cause. 0: all numbers
 * are complete. */
uint64_t self_total_dropped(const struct snapshot *snapshot, const struct self_counters *counters);

/* Calls back for each cause with a count above 0. `what` says which data was dropped, and why. */
typedef void (*self_drop_callback)(void *context, const char *cause, const char *what,
				   uint64_t count);
void self_for_each_drop(const struct snapshot *snapshot, const struct self_counters *counters,
			self_drop_callback callback, void *context);

#endif
