/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_METRIC_COLLECT_H
#define SCOTTYSCOPE_METRIC_COLLECT_H

#include <stdbool.h>

#include "base/error.h"
#include "metric/exemplars.h"
#include "metric/metric.h"
#include "plan/plan.h"
#include "probe/probe.h"
#include "process/process.h"

/* Adds every metric of the target that the plan has a way for, as it stands now. Those without
 * labels are there from the start, with 0. `exemplars` are the ones of request durations. `is_up` is
 * whether the target is still running. */
int metric_collect_target(struct metric_set *set, struct probe *probe,
			  const struct probe_totals *totals, const struct plan *plan,
			  const struct process *target, const struct exemplars *exemplars,
			  bool is_up, struct error *error);

#endif
