/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_CENSUS_HEADER_H
#define SCOTTYSCOPE_CENSUS_HEADER_H

/* A task's header in the target's memory: what it holds, and whether its task is alive. */

#include <stdbool.h>
#include <stdint.h>

#include "layout/tokio.h"
#include "plan/plan.h"
#include "process/process.h"

/* Where headers are read from and what tells their vtables. */
struct census_memory {
	const struct process *target;
	const struct plan *plan;
	uint64_t load_bias;
};

/* The vtable at that run-time address, NULL if it is none of the plan's. */
const struct plan_vtable *census_find_vtable(const struct census_memory *memory, uint64_t address);

/* Whether the header can be that of a live asynchronous task, by its own words alone. */
bool task_header__is_alive(const struct task_header *header, const struct census_memory *memory);

/* Whether the header at that address, as it is now, still is that of a live task with that vtable, by
 * its own words. */
bool census_task_is_alive(const struct census_memory *memory, uint64_t header, uint64_t vtable);

/* The same, and it is being polled. */
bool census_task_is_running(const struct census_memory *memory, uint64_t header, uint64_t vtable);

/* Whether a neighbour in the runtime's list of tasks points to the header at that address, to which
 * it points. Not so for a task that is alone in its part of the list. */
bool census_task_is_linked(const struct census_memory *memory, uint64_t header);

#endif
