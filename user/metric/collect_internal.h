/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_METRIC_COLLECT_INTERNAL_H
#define SCOTTYSCOPE_METRIC_COLLECT_INTERNAL_H

/* The collectors of the single subjects, for the files of metric/ only. Each adds the metrics that
 * the snapshot's plan has an instrumentation for. */

#include "metric/descriptions.h"
#include "metric/metric.h"
#include "snapshot/snapshot.h"

/* Fills a point from counts of nanoseconds; the point's values are seconds. */
void metric_fill_histogram(struct metric_set *set, struct metric_point *point,
			   const struct histogram_counts *counts,
			   const struct histogram_bounds *bounds);

/* Adds a histogram without attributes. */
void metric_add_histogram(struct metric_set *set, enum metric_id id,
			  const struct histogram_counts *counts,
			  const struct histogram_bounds *bounds);

/* Adds an integer without attributes. */
void metric_add_count(struct metric_set *set, enum metric_id id, uint64_t count);

void metric_collect_http(struct metric_set *set, const struct snapshot *snapshot);

/* Websockets, shell sessions, log streams and compose tasks. */
void metric_collect_sessions(struct metric_set *set, const struct snapshot *snapshot);

/* OAuth and rate limits. */
void metric_collect_recorder(struct metric_set *set, const struct snapshot *snapshot);

/* tokio's own counters: tasks and workers of each runtime; its queues and threads while it runs. */
void metric_collect_runtime_counts(struct metric_set *set, const struct snapshot *snapshot);
void metric_collect_runtimes_live(struct metric_set *set, const struct snapshot *snapshot);

/* Whether the process has, or had, tasks of LocalSets. */
bool metric_has_local_tasks(const struct snapshot *snapshot);

/* Polls and scheduling. */
void metric_collect_tokio(struct metric_set *set, const struct snapshot *snapshot);

/* Tasks that are alive now. */
void metric_collect_tasks_alive(struct metric_set *set, const struct snapshot *snapshot);

/* Applications; nothing before their list is known. The set borrows the samples from the snapshot. */
void metric_collect_apps(struct metric_set *set, const struct snapshot *snapshot);

#endif
