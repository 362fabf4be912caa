/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PROBE_COST_H
#define SCOTTYSCOPE_PROBE_COST_H

/* The time that the probes cost the target. */

#include "probe/probe.h"

/* Cumulative counts of a hook: hits, program runs while run times were measured, and the total time
 * of these runs. */
struct probe_cost {
	uint64_t hits;
	uint64_t runs;
	uint64_t run_ns;
};

int probe__read_costs(struct probe *probe, struct probe_cost ret_costs[HOOK_COUNT],
		      struct error *error);

/* Enables the measurement of run times. Returns a descriptor, which ends the measurement when
 * closed, or a negative errno. Each run takes some 50 ns longer meanwhile, so measure for short
 * periods only. BPF_ENABLE_STATS needs Linux 5.8 and CAP_SYS_ADMIN. */
int probe__measure_programs(void);

/* Returns the cost of a hook's hit without the program's run time, in nanoseconds. If any site of
 * the hook is expensive, returns the cost of an expensive site. */
uint64_t probe__trap_ns(const struct probe *probe, enum hook hook);

/* Returns the expected run time of a hook's program on this machine, in nanoseconds; 0: unknown. */
uint64_t probe__typical_program_ns(const struct probe *probe, enum hook hook);

#endif
