/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_GOVERN_ESTIMATE_H
#define SCOTTYSCOPE_GOVERN_ESTIMATE_H

/* What was missed of polls while they were not watched, estimated from what was counted while they were:
 * period by period, so that an estimate never goes down. Zeroed: nothing was missed. */

#include <stdint.h>

#include "probe/probe.h"

struct estimate {
	struct task_totals kinds[KIND_LIMIT]; /* what is added: to polls and slow polls only */
	struct schedule_totals schedule;
	struct task_totals kinds_before[KIND_LIMIT]; /* as counted when the period began */
	struct schedule_totals schedule_before;
};

/* A period begins with these counts. */
void estimate__begin(struct estimate *estimate, const struct probe_totals *totals);

/* It ends with these, of which only `watched_ns` of its `length_ns` saw polls; the next one begins. */
void estimate__end(struct estimate *estimate, const struct probe_totals *totals, uint64_t length_ns,
		   uint64_t watched_ns);

/* Adds what was missed until the last period's end. */
void estimate__add(const struct estimate *estimate, struct probe_totals *totals);

#endif
