// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "plan/cost.h"

#include "base/array.h"

/* The server's CPU time as a multiple of the sum of traps and programs; see cost.h. */
#define LOWEST_FACTOR  1.5
#define HIGHEST_FACTOR 4.0

/* The trap of the machine that the times of programs were measured on. A slower machine has a slower trap and
 * slower programs. */
#define BENCHMARK_TRAP_NS 782.0

#define REQUESTS_PER_SECOND 1000.0

enum part {
	PART_REQUEST,	 /* hit by every request */
	PART_POLL,	 /* hit by every poll of a task */
	PART_SCHEDULING, /* hit by every wake-up of a task */
};

/* The hooks that a request hits, with the time of the BPF program ("The probes", mix "hello", in
 * tests/bench/RESULTS.md). The programs at raw::poll do the work of the programs at state transitions, and a
 * wake-up passes one of the two functions of the run queue. */
static const struct {
	enum hook hook;
	enum part part;
	double hits;
	double program_ns;
} rows[] = {
	{HOOK_HTTP_PARSE, PART_REQUEST, 1, 1958},
	{HOOK_HTTP_MATCH, PART_REQUEST, 1, 617},
	{HOOK_HTTP_ROUTE, PART_REQUEST, 1, 617},
	{HOOK_HTTP_ENCODE, PART_REQUEST, 1, 751},
	{HOOK_POLL_START, PART_POLL, 1, 636},
	{HOOK_POLL_IDLE, PART_POLL, 1, 1144},
	{HOOK_RAW_POLL, PART_POLL, 1, 636},
	{HOOK_RAW_POLL_RETURN, PART_POLL, 1, 1144},
	{HOOK_TASK_SCHEDULE, PART_SCHEDULING, 1, 499},
	{HOOK_SCHEDULE_LOCAL, PART_SCHEDULING, 0.5, 499},
	{HOOK_SCHEDULE_REMOTE, PART_SCHEDULING, 0.5, 499},
};

/* Whether a part is attached at the level once the tool has started; at the level basic, the poll probes are
 * detached soon. */
static bool is_attached(const struct plan *plan, enum level level, enum part part)
{
	switch (part) {
	case PART_REQUEST:
		return true;
	case PART_POLL:
		return !plan->instrumentations[INSTR_TOKIO_POLLS].disabled_by_level &&
		       !(level == LEVEL_BASIC && plan__can_detach_polls(plan));
	case PART_SCHEDULING:
		return level == LEVEL_FULL || !plan->hooks[HOOK_TASK_SPAWN].wanted;
	}
	return false;
}

struct plan_cost plan__cost(const struct plan *plan, enum level level)
{
	const struct plan_kernel *kernel = &plan->kernel;
	struct plan_cost cost = {0};
	double sum_ns = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct plan_hook *hook = &plan->hooks[rows[i].hook];
		uint64_t trap_ns = hook->has_expensive_site ? kernel->step_ns : kernel->trap_ns;
		double program_ns =
			rows[i].program_ns * (double)kernel->trap_ns / BENCHMARK_TRAP_NS;

		if (!hook->wanted || !is_attached(plan, level, rows[i].part))
			continue;
		cost.hits += rows[i].hits;
		if (rows[i].part != PART_REQUEST)
			cost.hits_per_wait += rows[i].hits;
		sum_ns += rows[i].hits * ((double)trap_ns + program_ns);
	}
	if (kernel->trap_ns == 0)
		return cost;
	cost.lowest_ns = (uint64_t)(LOWEST_FACTOR * sum_ns);
	cost.highest_ns = (uint64_t)(HIGHEST_FACTOR * sum_ns);
	return cost;
}

/* Programs of other hooks do about as much as that of the route. */
#define OTHER_PROGRAM_NS 617.0

uint64_t plan_program_ns(const struct plan_kernel *kernel, enum hook hook)
{
	double ns = OTHER_PROGRAM_NS;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].hook == hook)
			ns = rows[i].program_ns;
	}
	return (uint64_t)(ns * (double)kernel->trap_ns / BENCHMARK_TRAP_NS);
}

bool plan_is_hit_by_requests(enum hook hook)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].hook == hook)
			return true;
	}
	return false;
}

double plan_percent_of_cpu(uint64_t ns)
{
	return (double)ns * REQUESTS_PER_SECOND / 1e9 * 100;
}
