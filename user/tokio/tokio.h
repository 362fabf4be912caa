/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_TOKIO_TOKIO_H
#define SCOTTYSCOPE_TOKIO_TOKIO_H

/* The tool's knowledge of tokio in one executable: types of tasks, their vtables, and the code of worker
 * threads. All addresses are those of the file, before the load bias. */

#include <stddef.h>
#include <stdint.h>

#include "wire.h"

/* The first task types are those of unknown futures: KIND_OTHER (wire.h), and these for blocking tasks and for
 * tasks of LocalSets. */
#define TASK_TYPE_OTHER_BLOCKING 1
#define TASK_TYPE_OTHER_LOCAL	 2
#define TASK_TYPE_NAMED		 3 /* the first type with a name of its own */

/* The type of a task is the type of its future. `name` is the path of the async function or type that the
 * future comes from, without closures
 * ("scotty::docker::services::shell::ShellService::create_session"). */
struct tokio_task_type {
	char *name; /* "other" for KIND_OTHER */
	enum task_class class;
	enum task_role role;
};

/* A vtable of tokio's tasks. The vtable in the header of a task tells the type of the task. */
struct tokio_vtable {
	uint64_t address;
	struct task_kind kind;
};

/* The code of a function: from `start` up to, but not including, `end`. */
struct tokio_range {
	uint64_t start;
	uint64_t end;
};

/* Copies of the worker's functions that are distinguished; a build has a few. */
#define TOKIO_WORKER_RANGES_MAX 64

/* Zeroed: an executable without tokio. */
struct tokio {
	struct tokio_task_type *task_types; /* the first is KIND_OTHER; at most KIND_LIMIT */
	size_t task_type_count;
	struct tokio_vtable *vtables; /* sorted by address */
	size_t vtable_count;
	struct tokio_range *worker_code; /* functions that only worker threads execute */
	size_t worker_code_count;
	/* Offset of tokio's context from a thread's thread pointer; 0: unknown. The context holds the id of the
	 * task that the thread polls. */
	int64_t context_offset;
	/* tokio's counter of task ids, a static variable; 0: unknown. Each task takes the next id. */
	uint64_t next_id_address;
	/* tokio's counter of task lists, a static variable; 0: unknown. Each runtime and LocalSet takes the next
	 * id. */
	uint64_t next_list_address;
	uint32_t context_words;	 /* size of that context */
	uint32_t stage_distance; /* from the id in a task's cell to the task's stage, in bytes */
};

/* Frees what the members point to and leaves a zeroed struct. */
void tokio__done(struct tokio *tokio);

#endif
