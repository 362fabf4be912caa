/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_TOKIO_LIST_SCAN_H
#define SCOTTYSCOPE_TOKIO_LIST_SCAN_H

/* Finds addresses that can be those of runtimes' task lists, in the target's memory. runtime_find() proves them. */

#include <stdint.h>

#include "process/process.h"
#include "tokio/memory_walk.h"

typedef void (*list_callback)(void *context, uint64_t list);

/* Calls `callback` for each candidate in a part of the memory. Returns 0; -EDQUOT if the budget is exceeded. */
int list_scan__look(const struct memory_part *part, list_callback callback, void *context,
		    struct budget *budget);

/* Calls `callback` for each candidate in the memory. Returns 0 or a negative errno: -EDQUOT if there is too much
 * memory, or if there are too many candidates. */
int list_scan__run(const struct process *target, list_callback callback, void *context);

#endif
