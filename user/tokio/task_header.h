/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_TOKIO_TASK_HEADER_H
#define SCOTTYSCOPE_TOKIO_TASK_HEADER_H

/* The header of a task in the target's memory, and whether its task is alive. */

#include <stdbool.h>
#include <stdint.h>

#include "layout/tokio.h"
#include "process/process.h"
#include "tokio/tokio.h"

/* The memory that headers are read from, and the vtables in it. */
struct task_memory {
	const struct process *target;
	const struct tokio *tokio;
	uint64_t load_bias;
};

/* Returns the vtable at a run-time address; NULL if there is none. */
const struct tokio_vtable *task_memory__find_vtable(const struct task_memory *memory,
						    uint64_t address);

/* Whether the words of a header are those of a live asynchronous task. */
bool task_header__is_alive(const struct task_header *header, const struct task_memory *memory);

/* Reads the header at an address and returns whether its words are those of a live task with that vtable. */
bool task_is_alive(const struct task_memory *memory, uint64_t header, uint64_t vtable);

/* As task_is_alive(), and the task is in a poll. */
bool task_is_running(const struct task_memory *memory, uint64_t header, uint64_t vtable);

/* Whether a neighbour in the runtime's list of tasks and the header at that address point to each other.
 * False for a task that is alone in its part of the list. */
bool task_is_linked(const struct task_memory *memory, uint64_t header);

#endif
