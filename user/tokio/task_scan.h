/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_TOKIO_TASK_SCAN_H
#define SCOTTYSCOPE_TOKIO_TASK_SCAN_H

/* The initial scan: finds the tasks that were alive before the attachment, in the target's memory. The
 * target keeps running, so every result is checked. */

#include <stdint.h>

#include "base/error.h"
#include "process/process.h"
#include "tokio/list_scan.h"
#include "tokio/tokio.h"

/* The set of live tasks to which the scan adds. The probes in the target change the same set meanwhile. */
struct task_sink {
	/* Adds the task with that header and the run-time address of its vtable. Returns 1; 0 if the task
	 * is in the set already; a negative errno, which ends the scan. */
	int (*add)(void *context, uint64_t header, uint64_t vtable);
	/* Removes a task that the scan added, if the task is still in the set. */
	void (*remove)(void *context, uint64_t header);
	/* Called for each address that can be that of a runtime's task list (tokio/runtime.h). NULL: not
	 * wanted. */
	list_callback list;
	void *context;
};

/* Searches the target's heap for the headers of live asynchronous tasks. A candidate has the alignment and a
 * vtable of a header and a plausible state word. A candidate is a task if the runtime's list of tasks holds
 * it. The scan adds a candidate before it checks the list: from then on, either the probes or the check
 * notice the end of the task. Sets `*ret_skipped` to the memory that the scan did not see. Returns the number of
 * tasks that stay added, or a negative errno, after which none of them stays: -EDQUOT if `budget` is exceeded,
 * because the target has too much memory or too much that looks like tasks. */
int tokio_scan_tasks(const struct process *target, const struct tokio *tokio, uint64_t load_bias,
		     const struct task_sink *sink, struct budget *budget,
		     struct memory_skipped *ret_skipped, struct error *error);

#endif
