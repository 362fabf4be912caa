/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_GOVERN_ESTIMATE_H
#define SCOTTYSCOPE_GOVERN_ESTIMATE_H

/* Estimates of the poll counts that were missed while poll probes were disabled, extrapolated from
 * the counts while they were enabled. The estimate is fixed at the end of each period, so it never
 * decreases. Zeroed: nothing was missed. */

#include <stdint.h>

#include "snapshot/snapshot.h"

struct estimate {
	struct task_totals tasks[KIND_LIMIT]; /* missed: only polls and slow polls are set */
	struct schedule_totals schedule;
	struct task_totals tasks_before[KIND_LIMIT]; /* counted when the period began */
	struct schedule_totals schedule_before;
};

/* Begins a period, with the counts of that moment. */
void estimate__begin(struct estimate *estimate, const struct snapshot_totals *totals);

/* Ends a period of `length_ns` and begins the next one. Poll probes were enabled for `enabled_ns` of
 * the period. */
void estimate__end(struct estimate *estimate, const struct snapshot_totals *totals,
		   uint64_t length_ns, uint64_t enabled_ns);

/* Adds the counts missed until the end of the last period to `totals`. */
void estimate__add(const struct estimate *estimate, struct snapshot_totals *totals);

#endif
