/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_METRIC_COLLECT_PARTS_H
#define SCOTTYSCOPE_METRIC_COLLECT_PARTS_H

/* The parts of a collection, for the files of this stage only. */

#include "metric/descriptions.h"
#include "plan/plan.h"
#include "probe/probe.h"

/* Fills a point from the kernel's counts of nanoseconds; values become seconds. */
void metric_fill_histogram(struct metric_set *set, struct metric_point *point,
			   const struct histogram_counts *counts,
			   const struct probe_bounds *bounds);

/* Adds a metric without attributes that is such a histogram. */
void metric_add_histogram(struct metric_set *set, enum metric_id id,
			  const struct histogram_counts *counts, const struct probe_bounds *bounds);

/* How many values were counted. */
uint64_t metric_count_of(const struct histogram_counts *counts);

/* Websockets, shell sessions, log streams and compose tasks. */
void metric_collect_sessions(struct metric_set *set, const struct probe_totals *totals,
			     const struct plan *plan);

/* OAuth and rate limits. */
int metric_collect_recorder(struct metric_set *set, struct probe *probe,
			    const struct probe_totals *totals, const struct plan *plan,
			    struct error *error);

/* Polls and scheduling. */
void metric_collect_tokio(struct metric_set *set, const struct probe_totals *totals,
			  const struct plan *plan);

/* Tasks that are there now. */
void metric_collect_tasks_alive(struct metric_set *set, const struct probe_totals *totals,
				const struct plan *plan);

#endif
