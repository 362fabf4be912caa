/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_CENSUS_CENSUS_H
#define SCOTTYSCOPE_CENSUS_CENSUS_H

/* What was there before us: tasks that were alive at the attachment, and the threads that are
 * workers. Read from the target's memory, which is not stopped: what is found is checked. */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "plan/plan.h"
#include "process/process.h"

/* Where tasks that are found are kept. The target's own probes keep the same book meanwhile. */
struct census_book {
	/* Enters the task with that header and the run-time address of its vtable: 1, or 0 when it is
	 * there already. A negative return ends the census with it. */
	int (*enter)(void *context, uint64_t header, uint64_t vtable);
	/* Takes out again what was entered, if it is still there. */
	void (*take_out)(void *context, uint64_t header);
	void *context;
};

/* Looks for the headers of live asynchronous tasks in the target's heap. A header is recognised by
 * its alignment and its vtable, and believed if its state word makes sense and the runtime's list of
 * tasks holds it. That is asked only after the task is in the book, so that its end is either seen
 * by the probes or by us. Returns how many stay entered, or the book's negative value. */
int census__tasks(const struct process *target, const struct plan *plan, uint64_t load_bias,
		  const struct census_book *book, struct error *error);

/* The stack pointer that a running thread last showed at a probe, 0 if unknown. */
typedef uint64_t (*census_stack_lookup)(void *context, pid_t tid);

/* How many threads have tokio's worker loop on their stack. Threads that run when looked at and have
 * no last stack pointer are looked at again a few times. */
int census__workers(const struct process *target, const struct plan *plan, uint64_t load_bias,
		    census_stack_lookup lookup, void *context, struct error *error);

#endif
