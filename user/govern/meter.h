/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_GOVERN_METER_H
#define SCOTTYSCOPE_GOVERN_METER_H

/* What the probes take of the target's CPU time: their hits, times what a trap takes here and what each
 * program was measured to take. */

#include <stdbool.h>

#include "base/error.h"
#include "govern/governor.h"
#include "govern/program_time.h"
#include "probe/cost.h"
#include "process/process.h"

struct meter {
	struct probe *probe;
	const struct process *target;
	uint64_t hits[HOOK_COUNT]; /* when the period began */
	struct program_time times[HOOK_COUNT];
	int measuring_fd; /* -1: programs are not measured now */
	bool cannot_measure;
	bool has_unmeasured; /* one that was hit often in the last period is not known well enough yet */
};

/* The first period begins. */
int meter__init(struct meter *meter, struct probe *probe, const struct process *target,
		struct error *error);
void meter__done(struct meter *meter);

/* Fills the capacity and the costs of a period of that length, which ends; the next one begins. */
int meter__read(struct meter *meter, struct governor_period *period, struct error *error);

/* Programs are measured from now on until told to stop: they take a little longer meanwhile. Where that
 * is not possible, traps are all that is known of what they cost. */
void meter__measure_programs(struct meter *meter);
void meter__stop_measuring(struct meter *meter);

#endif
