/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_TOKIO_MEMORY_WALK_H
#define SCOTTYSCOPE_TOKIO_MEMORY_WALK_H

/* Walks through the memory that can hold the target's heap. The target keeps running. */

#include <stddef.h>
#include <stdint.h>

#include "base/budget.h"
#include "base/clock.h"
#include "process/process.h"

/* A part of the memory. `bytes` has the alignment of a page. */
struct memory_part {
	uint64_t start; /* address in the target */
	const unsigned char *bytes;
	size_t size;
	size_t readable; /* `size`, and up to 64 bytes of the part that follows */
};

/* The memory that a walk did not see. */
struct memory_skipped {
	uint64_t swapped_bytes; /* to read these would make them resident */
	uint64_t failed_bytes;	/* the kernel refused to read them */
};

/* The time after which a walk ends: the target decides how much memory it has, and zero pages cost the target
 * nothing. A server like Scotty takes some 20 ms. */
#define MEMORY_WALK_LIMIT_NS (5 * NS_PER_S)

/* Calls `look` for each part of the resident memory, in ascending order, until it returns a negative value, which
 * is returned. Adds to `*skipped`. Returns 0 or a negative errno: -EDQUOT if `budget` is exceeded. */
typedef int (*memory_look)(void *context, const struct memory_part *part);
int memory_walk(const struct process *target, memory_look look, void *context,
		struct memory_skipped *skipped, struct budget *budget);

#endif
