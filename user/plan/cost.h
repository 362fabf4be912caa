/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PLAN_COST_H
#define SCOTTYSCOPE_PLAN_COST_H

/* An estimate, before anything is attached, of the CPU time that the probes take from the server.
 *
 * The model: a request hits some probes. A hit takes the time of a trap, which probe/features.c measures on
 * this kernel, in a loop, and the time of the BPF program, which the benchmark measured
 * (tests/bench/RESULTS.md). The server pays more than this sum, because a hit also evicts the server's code
 * from the CPU's caches and its returns from the CPU's return stack. The benchmark also has the server's CPU
 * time per request with and without probes. Divided by the sum, the difference is
 *   - at 1,000 requests/s: 1.4 to 3.0 (basic), 1.9 to 2.9 (full); in single pairs of measurements up to 4;
 *   - at a server's limit: 1.8 (basic), 2.0 (standard); in single pairs up to 3.2.
 * So the estimate is the range of 1.5 to 4 times the sum. */

#include <stdbool.h>
#include <stdint.h>

#include "base/level.h"
#include "plan/plan.h"

/* The estimate of a running observation takes the time of a program from the server itself, where the
 * caches are cold, and has one number instead of a range. In paired runs at a server's limit, the
 * server's additional CPU time was 1.3 to 2.8 times the sum of traps and programs, at all levels. */
#define PLAN_SERVER_FACTOR 2.0

struct plan_cost {
	double hits;	      /* probe hits of a request whose handler does not wait */
	double hits_per_wait; /* additional hits each time the handler waits */
	uint64_t lowest_ns;   /* CPU time of the server per request; 0: unknown, or no hits */
	uint64_t highest_ns;
};

/* Returns the cost of a plan at a level, which is the level of the plan or a lower one. */
struct plan_cost plan__cost(const struct plan *plan, enum level level);

/* Returns the run time of a hook's program in the benchmark, scaled to this machine by the cost of a
 * trap; 0: unknown. */
uint64_t plan_program_ns(const struct plan_kernel *kernel, enum hook hook);

/* Whether requests hit the hook, so that its cost is in struct plan_cost. */
bool plan_is_hit_by_requests(enum hook hook);

/* Returns the percentage of one CPU that `ns` per request are at 1,000 requests per second. */
double plan_percent_of_cpu(uint64_t ns);

#endif
