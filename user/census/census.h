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
#include "target/target.h"

/* A task header that looks alive: its own address and the run-time address of its vtable. Called
 * once per task; ends early on a negative return. */
typedef int (*census_task_callback)(void *context, uint64_t header, uint64_t vtable);

/* Looks for the headers of live asynchronous tasks in the target's heap. A header is recognised by
 * its alignment and its vtable, and believed if its state word makes sense and the runtime's list of
 * tasks holds it. Returns how many, or the callback's negative value. */
int census__tasks(const struct target *target, const struct plan *plan, uint64_t load_bias,
		  census_task_callback callback, void *context, struct error *error);

/* Whether the header still is that of a live task with that vtable, by its own words. */
_Bool census__task_is_alive(const struct target *target, const struct plan *plan,
			    uint64_t load_bias, uint64_t header, uint64_t vtable);

/* The stack pointer that a running thread last showed at a probe, 0 if unknown. */
typedef uint64_t (*census_stack_lookup)(void *context, pid_t tid);

/* How many threads have tokio's worker loop on their stack. Threads that run when looked at and have
 * no last stack pointer are looked at again a few times. */
int census__workers(const struct target *target, const struct plan *plan, uint64_t load_bias,
		    census_stack_lookup lookup, void *context, struct error *error);

#endif
