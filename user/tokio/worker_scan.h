/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_TOKIO_WORKER_SCAN_H
#define SCOTTYSCOPE_TOKIO_WORKER_SCAN_H

/* The number of worker threads, from the stacks of the target's threads. */

#include <stdint.h>
#include <sys/types.h>

#include "base/budget.h"
#include "base/error.h"
#include "process/process.h"
#include "tokio/tokio.h"

/* Returns the stack pointer that a thread had at its last probe hit; 0 if unknown. */
typedef uint64_t (*stack_lookup)(void *context, pid_t tid);

/* Counts the threads with tokio's worker loop on their stack. The kernel tells the stack pointer of sleeping
 * threads; `lookup` tells the one of running threads. A running thread without a known stack pointer is looked
 * at again a few times. Spends BUDGET_CANDIDATES for each look at a thread. Returns the count; -EDQUOT if the budget
 * is exceeded; another negative errno. */
int tokio_scan_workers(const struct process *target, const struct tokio *tokio, uint64_t load_bias,
		       stack_lookup lookup, void *context, struct budget *budget,
		       struct error *error);

#endif
