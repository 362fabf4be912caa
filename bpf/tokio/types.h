/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_TOKIO_TYPES_H
#define SCOTTYSCOPE_TOKIO_TYPES_H

/* Types of tokio's tasks and polls. Both sides compile this file. Fixed-width fields, no holes. */

#include "core/types.h"

/* User space lists the task types of the executable, which are the types of the futures, by vtable.
 * The kernel side counts by the index in that list. */
#define KIND_LIMIT 128
#define KIND_OTHER 0 /* the vtable is not in the plan, or beyond the limit */

enum task_class {
	TASK_ASYNC,
	TASK_BLOCKING, /* a closure of spawn_blocking, or a worker thread's own loop */
	TASK_LOCAL,    /* asynchronous, of a LocalSet */
};

/* How the programs met a task for the first time. */
enum task_meeting {
	MET_IN_POLL,
	MET_IN_QUEUE, /* at an insertion into a run queue: a new task, or an old task that the scan missed */
	MET_AT_SPAWN,
};

/* Facts about all tasks with one vtable. */
struct task_kind {
	__u8 index;   /* below KIND_LIMIT */
	__u8 class;   /* enum task_class */
	__u8 role;    /* enum task_role */
	__u8 id_word; /* offset of the task id from the header, in 64-bit words; 0: unknown */
};
_Static_assert(sizeof(struct task_kind) == 4, "task_kind");

/* Flags of struct task. */
#define TASK_PREEXISTING      1	 /* spawned before the attachment */
#define TASK_SESSION	      2	 /* counted as a started session */
#define TASK_POLLED	      4	 /* polled at least once since the attachment */
#define TASK_APP_REMOVED      8	 /* an operation that removed its application from Scotty's list */
#define TASK_RESPONSE_PENDING 16 /* each poll sets FRAME_HTTP_PENDING until a response is sent */
#define TASK_HTTP_DROPPED     32 /* its connection has a request that was counted as dropped */
#define TASK_RESPONSE_SHIFT   4	 /* of TASK_RESPONSE_PENDING, to the flag of the frame */

/* A live task, by the address of its header. Times are monotonic. */
struct task {
	__u64 vtable;
	__u64 id; /* never reused by tokio; 0: not read */
	struct task_kind kind;
	__u32 flags;
	__u64 spawn_ns; /* 0: spawn not observed */
	__u64 wake_ns;	/* insertion into a run queue; 0: none since the last poll */
	__u64 idle_ns;	/* end of the last poll; 0: no poll yet, or not idle since */
	__u64 busy_ns;	/* total time in polls */
	__u64 runq_ns;	/* total time in run queues */
	__u64 session;	/* task header of the session that the task is or was spawned in; 0: none */
	/* The request that the task was spawned for: the key of its connection and its start. The
	 * start tells it from later requests of the connection. */
	__u64 request;
	__u64 request_start_ns; /* 0: no request */
	struct trace_context context;
};
_Static_assert(sizeof(struct task) == 120, "task");

/* Maximum depth of nested polls of a thread, plus one for the untracked frame. */
#define FRAME_LIMIT 8

/* Flags of struct poll_frame. The pending flags ask for handle_poll_ended() at the end of the
 * poll. */
#define FRAME_HTTP_PENDING	1  /* the poll wrote a response head, or may send one */
#define FRAME_CANCELLED		2  /* tokio drops the task instead of polling it */
#define FRAME_WEBSOCKET_PENDING 4  /* the poll wrote a websocket frame */
#define FRAME_APP_CHECK		8  /* a check of all applications started in the poll */
#define FRAME_UNTRACKED		16 /* neither start nor end of the poll is observed */
#define FRAME_APP_CHECK_SHIFT	16 /* the upper bits: low bits of the check's number */

#define FRAME_PENDING (FRAME_HTTP_PENDING | FRAME_WEBSOCKET_PENDING | FRAME_APP_CHECK)

/* A poll in progress on a thread. */
struct poll_frame {
	__u64 header;
	__u64 start_ns;
	__u64 stack_pointer; /* at the call of the poll function */
	__u32 flags;
	struct task_kind kind; /* of a tracked poll */
};
_Static_assert(sizeof(struct poll_frame) == 32, "poll_frame");

/* One per CPU and task type; user space reads the sum. */
struct task_totals {
	struct histogram_counts polls;
	__u64 slow_polls;
	__u64 started; /* tasks first seen since the attachment */
	__u64 ended;   /* ended tasks, among the started ones and those of the initial scan */
};
_Static_assert(sizeof(struct task_totals) == 232, "task_totals");

struct schedule_totals {
	struct histogram_counts idle;	    /* end of a poll to the next wake-up */
	struct histogram_counts first_poll; /* spawn to first poll */
	__u64 scheduled;
};
_Static_assert(sizeof(struct schedule_totals) == 424, "schedule_totals");

/* Maximum number of runtimes whose task lists are recorded. */
#define TASK_LIST_LIMIT 64

/* Number of comparisons after which a word of tokio's context that always held the id of the polled
 * task is treated as the id's word. */
#define TASK_ID_SAMPLES 64

#endif
