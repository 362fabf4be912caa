/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_METRIC_COLLECT_H
#define SCOTTYSCOPE_METRIC_COLLECT_H

#include "metric/metric.h"
#include "snapshot/snapshot.h"

/* Adds every metric of the target that the snapshot's plan has a strategy for. Metrics without
 * attributes are there from the start, with 0. The snapshot must outlive the set. -ENOMEM when the
 * set's arena is full. */
int metric_collect(struct metric_set *set, const struct snapshot *snapshot);

#endif
