/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_LAYOUT_TOKIO_H
#define SCOTTYSCOPE_LAYOUT_TOKIO_H

/* Layouts of tokio 1.48 to 1.54, with and without `--cfg tokio_unstable`. Both sides compile this file. */

#include <linux/types.h>

/* The first words of a task header: repr(C), tokio/src/runtime/task/core.rs. With `--cfg tokio_unstable`,
 * the features `tracing` and `schedule-latency` add fields behind these words. */
struct task_header {
	__u64 state;
	__u64 queue_next;
	__u64 vtable;
	__u64 owner_id; /* 0: not bound to a runtime, such as a copy left on a stack */
};

/* Bits of the state word (tokio/src/runtime/task/state.rs); the upper bits count references. */
#define STATE_RUNNING	      1
#define STATE_COMPLETE	      2
#define STATE_NOTIFIED	      4
#define STATE_JOIN_INTEREST   8
#define STATE_JOIN_WAKER      16
#define STATE_CANCELLED	      32
#define STATE_REFERENCE_SHIFT 6

/* Words of a task's vtable, a constant of function pointers and of offsets from the header
 * (tokio/src/runtime/task/raw.rs). repr(Rust), but in declaration order in all builds seen. */
enum vtable_word {
	VTABLE_POLL,
	VTABLE_SCHEDULE,
	VTABLE_DEALLOC,
	VTABLE_TRY_READ_OUTPUT,
	VTABLE_DROP_JOIN_HANDLE_SLOW,
	VTABLE_DROP_ABORT_HANDLE,
	VTABLE_SHUTDOWN,
	VTABLE_TRAILER_OFFSET,
	VTABLE_SCHEDULER_OFFSET,
	VTABLE_ID_OFFSET,
	VTABLE_SPAWN_LOCATION_OFFSET, /* with `--cfg tokio_unstable` only */
};
#define VTABLE_WORD_BYTES 8

/* The trailer of a task has the pointers of the runtime's task list (repr(C): previous, next), a
 * waker and hooks, in an order that the compiler chooses. */
#define TRAILER_WORDS 6

/* A task's cell is repr(C): header, scheduler, id, with `--cfg tokio_unstable` a pointer to the source
 * location of the spawn, stage (tokio/src/runtime/task/core.rs). The stage is repr(C): a tag and, once
 * finished, the output: Result<T, JoinError>. */
#define STAGE_DISTANCE		8  /* from the id to the stage */
#define STAGE_DISTANCE_UNSTABLE 16 /* with a spawn location before the stage */
#define STAGE_FINISHED		1

struct task_stage {
	__u32 tag;
	__u32 padding;
};

/* The stage with an output whose T is () or Result<(), anyhow::Error>, in the layout that the
 * compiler chose: the JoinError's task id, 0 for Ok, then the JoinError's payload or T. */
struct task_stage_result {
	struct task_stage stage;
	__u64 join_error_id; /* 0: the task returned a value */
	__u64 value;	     /* pointer to a panic or an error; 0: Ok or cancelled; any for () */
};

/* A TcpStream or a UnixStream: PollEvented of a mio socket (tokio/src/io/poll_evented.rs). The
 * registration, a handle of the scheduler and an Arc<ScheduledIo>, comes before the descriptor in all
 * builds seen. */
#define TOKIO_FLAVORS		2   /* variants of the handle: current_thread, multi_thread */
#define SCHEDULED_IO_ALIGNMENT	128 /* repr(align(128)) on x86-64 and arm64 */
#define SCHEDULED_IO_REFERENCES 64  /* more than the driver and a stream with its halves have */

struct tokio_stream {
	__u64 flavor;
	__u64 handle;
	__u64 scheduled_io;
	__u32 descriptor;
	__u32 padding;
};

/* tokio's counters of one runtime, in builds with and without tokio_unstable. None of these types is
 * repr(C): the orders below are those of tokio 1.48 to 1.54, and a reader checks the values before it
 * uses them (tokio/runtime_layout.h).
 *
 * OwnedTasks (tokio/src/runtime/task/list.rs): a ShardedList, the list's id, a flag. */
enum task_list_word {
	LIST_SHARDS,	  /* pointer to the shards */
	LIST_SHARD_COUNT, /* a power of two */
	LIST_SPAWNED,	  /* tasks ever added */
	LIST_ALIVE,
	LIST_SHARD_MASK, /* the number of shards - 1 */
	LIST_ID,	 /* the owner in the headers of the list's tasks */
	LIST_CLOSED,	 /* a byte: the runtime shuts down */
	LIST_WORDS,
};

/* A shard: a mutex, head and tail of a list of tasks. */
enum task_shard_word {
	SHARD_MUTEX,
	SHARD_HEAD,
	SHARD_TAIL,
	SHARD_WORDS,
};

/* WorkerMetrics (tokio/src/runtime/metrics/worker.rs), aligned to 128 bytes. With tokio_unstable
 * there are further words, and another order (tokio/runtime_layout.c). */
enum worker_word {
	WORKER_MUTEX,
	WORKER_THREAD, /* ThreadId of the standard library; 0: the worker has not started */
	WORKER_BUSY_NS,
	WORKER_QUEUE_DEPTH, /* of current-thread runtimes only */
	WORKER_PARKS,
	WORKER_PARKS_AND_UNPARKS, /* twice the parks; one less while the worker is parked */
	WORKER_WORDS,
};
#define WORKER_ALIGNMENT 128

/* Size of the thread-local context, in words. One of them holds the id of the polled task
 * (tokio/src/runtime/context.rs, Context). The feature `taskdump` adds three words. */
#define TOKIO_CONTEXT_WORDS_MIN 10
#define TOKIO_CONTEXT_WORDS_MAX 16

#endif
