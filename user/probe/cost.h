/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PROBE_COST_H
#define SCOTTYSCOPE_PROBE_COST_H

/* What the probes take of the target's time. */

#include "probe/probe.h"

/* Cumulative, by hook: how often it was hit, how often its program ran while programs were measured, and
 * what these runs took together. */
struct probe_cost {
	uint64_t hits;
	uint64_t runs;
	uint64_t run_ns;
};

int probe__read_costs(struct probe *probe, struct probe_cost ret_costs[HOOK_COUNT],
		      struct error *error);

/* While they are measured, programs take some 50 ns more each; so that is done for moments only. Gives a
 * descriptor to close in the end, or a negative errno: BPF_ENABLE_STATS came with Linux 5.8 and needs
 * CAP_SYS_ADMIN. */
int probe__measure_programs(void);

/* What a hit of a hook takes besides its program, in nanoseconds: of a hook with an expensive site, as if
 * all were. */
uint64_t probe__trap_ns(const struct probe *probe, enum hook hook);

#endif
