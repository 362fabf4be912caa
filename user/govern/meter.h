/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_GOVERN_METER_H
#define SCOTTYSCOPE_GOVERN_METER_H

/* Estimates the CPU time that the probes take from the target: the hits of each hook, times the
 * measured cost of a trap plus the run time of the hook's program, times
 * PLAN_SERVER_FACTOR (plan/cost.h). */

#include <stdbool.h>

#include "base/error.h"
#include "govern/governor.h"
#include "govern/program_time.h"
#include "probe/cost.h"
#include "probe/run_stats.h"
#include "process/process.h"

struct meter {
	struct probe *probe;
	const struct process *target;
	struct run_stats *run_stats;  /* NULL: this process measures run times itself */
	uint64_t hits[HOOK_COUNT];    /* when the period began */
	uint64_t cost_ns[HOOK_COUNT]; /* of the last period */
	struct program_time times[HOOK_COUNT];
	int measuring_fd; /* -1: run times are not measured now */
	bool cannot_measure;
	bool has_unmeasured; /* a hook with many hits in the last period has too few measured runs */
};

/* Begins the first period. `run_stats` may be NULL. */
int meter__init(struct meter *meter, struct probe *probe, const struct process *target,
		struct run_stats *run_stats, struct error *error);
void meter__done(struct meter *meter);

/* Ends a period of `period->length_ns`: fills in its capacity and costs. Begins the next one. */
int meter__read(struct meter *meter, struct governor_period *period, struct error *error);

/* Writes the hooks that cost most in the last period, such as "http_parse 40 %, poll_idle 25 %".
 * Returns `text`. */
const char *meter__name_expensive(const struct meter *meter, char *text, size_t size);

/* Returns the share of the last period's cost that the hooks have which `is_selected` accepts, 0 to
 * 1. */
double meter__share(const struct meter *meter,
		    bool (*is_selected)(const void *context, enum hook hook), const void *context);

/* Measures run times until meter__stop_measuring(); a run takes some 50 ns longer meanwhile. Where
 * the kernel does not measure them, only traps are accounted for. */
void meter__measure_programs(struct meter *meter);
void meter__stop_measuring(struct meter *meter);

#endif
