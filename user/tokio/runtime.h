/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_TOKIO_RUNTIME_H
#define SCOTTYSCOPE_TOKIO_RUNTIME_H

/* tokio's own counters of one runtime, read from the target's memory. They need no probe. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "process/process.h"
#include "tokio/runtime_layout.h"

enum runtime_kind {
	RUNTIME_MULTI_THREAD,
	RUNTIME_CURRENT_THREAD,
};

/* "multi_thread" or "current_thread". */
const char *runtime_kind_name(enum runtime_kind kind);

/* A runtime with more workers is not read. */
#define RUNTIME_WORKER_LIMIT 1024

/* The places of a runtime's counters. A place of 0 was not found. */
struct runtime_place {
	uint64_t id; /* of the task list: never used again in the life of the process */
	enum runtime_kind kind;
	uint64_t list;
	uint64_t shards;  /* their number */
	uint64_t workers; /* address of the workers' metrics */
	size_t worker_count;
	enum worker_layout worker_layout;
	uint64_t remotes; /* address of the pairs of queue and parker, one pair a worker */
	uint64_t queue_length;
	uint64_t queue_head;
	uint64_t pool; /* start of the blocking pool's memory */
	struct runtime_pool pool_words;
	unsigned int searches; /* for parts that were not found */
};

struct runtime_worker {
	uint64_t busy_ns;
	uint64_t parks;
	uint64_t queue_depth;
};

/* The counters at one moment. They count from the start of the runtime. */
struct runtime_counters {
	uint64_t spawned;
	uint64_t alive;
	size_t worker_count;
	struct runtime_worker workers[RUNTIME_WORKER_LIMIT];
	bool has_local_queues;
	bool has_global_queue;
	bool has_pool;
	uint64_t global_queue;
	uint64_t blocking_threads; /* without the workers */
	uint64_t blocking_idle;
	uint64_t blocking_queue;
};

/* Finds the counters of the runtime whose task list may be at `list`. Returns true if the memory there proves to
 * be a runtime that is not closed: the list, its shards and the metrics of its workers fit each other, and the
 * runtime has run. `uptime_ns`: the age of the process. */
bool runtime_find(const struct process *target, uint64_t list, uint64_t uptime_ns,
		  struct runtime_place *ret_place);

/* The result of a read. */
enum runtime_state {
	RUNTIME_ALIVE,
	RUNTIME_ENDED,	    /* the list is closed, or its memory has another use */
	RUNTIME_UNREADABLE, /* the memory could not be read, or the counters do not fit together now */
};

/* Reads the counters and checks them again. Sets `*ret_counters` if the runtime is alive; its parts with a `has_`
 * member only if that member is set. The places of queues and pool that were not found before are searched
 * again. */
enum runtime_state runtime_read(const struct process *target, struct runtime_place *place,
				uint64_t uptime_ns, struct runtime_counters *ret_counters);

#endif
