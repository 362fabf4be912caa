/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_TOKIO_RUNTIMES_H
#define SCOTTYSCOPE_TOKIO_RUNTIMES_H

/* The runtimes of one process, from the first look on. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "process/process.h"
#include "tokio/runtime.h"

/* The limit of runtimes that are distinguished; the process may have more. */
#define RUNTIME_LIMIT 16

/* A runtime that was found, with its counters at the last read. */
struct runtime {
	struct runtime_place place;
	struct runtime_counters *counters;
	enum runtime_state state; /* of the last read; never RUNTIME_ENDED */
	/* The counters at the attachment, for counts from then on; 0 for a younger runtime. */
	uint64_t base_spawned;
	uint64_t base_ended;
	struct runtime_worker *base_workers;
	uint64_t ended; /* the highest number of ended tasks that was read */
};

struct runtimes {
	const struct process *target;
	struct runtime items[RUNTIME_LIMIT]; /* by the order in which they were found */
	size_t count;
	/* Runtimes with lower ids are older than the attachment: they count from their first read on. */
	uint64_t first_new_id;
	uint64_t total;	   /* runtimes ever found */
	uint64_t left_out; /* found when there were RUNTIME_LIMIT already */
};

void runtimes__done(struct runtimes *runtimes);

/* Adds the runtime whose task list is at `list`, unless it is known or the memory there is no runtime. Returns 1 if
 * the runtime was added, 0 if not, -ENOMEM. */
int runtimes__add(struct runtimes *runtimes, uint64_t list);

/* Searches the target's memory for runtimes and adds them. Returns 0 or a negative errno. */
int runtimes__find(struct runtimes *runtimes);

/* Reads the counters of all runtimes. Removes those that have ended. Returns the number of runtimes that could
 * not be read. */
size_t runtimes__read(struct runtimes *runtimes);

/* Marks all runtimes as not readable, without a read. */
void runtimes__lose(struct runtimes *runtimes);

/* Whether the tasks spawned and alive of all runtimes are those of the last read: no task was spawned and none has
 * ended since. */
bool runtimes__are_unchanged(const struct runtimes *runtimes);

#endif
