/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_TOKIO_RUNTIME_PARTS_H
#define SCOTTYSCOPE_TOKIO_RUNTIME_PARTS_H

/* What the search for a runtime (runtime_find.c) and its reader (runtime_read.c) share. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "layout/tokio.h"
#include "process/process.h"

struct runtime_place;

/* Reads `count` words; false unless all of them can be read. */
bool runtime_read_words(const struct process *target, uint64_t address, uint64_t *words,
			size_t count);

/* Reads the metrics of a worker into words in the order of enum worker_word. False unless all can be read. */
bool runtime_read_worker(const struct process *target, const struct runtime_place *place,
			 size_t worker, uint64_t ret_words[WORKER_WORDS]);

/* Reads the length of a worker's local queue. `remotes`: the address of the pairs of queue and parker. False if
 * neither of the pair is a queue. */
bool runtime_read_local_depth(const struct process *target, uint64_t remotes, size_t worker,
			      uint64_t *ret_depth);

/* Searches for the queues and the blocking pool that were not found before. */
void runtime_find_parts(const struct process *target, struct runtime_place *place);

#endif
