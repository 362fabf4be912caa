/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_EVENTS_BPF_H
#define SCOTTYSCOPE_EVENTS_BPF_H

/* Events of tasks and polls for the libraries above tokio. The programs of tokio/ call these
 * functions; dispatch.bpf.c defines them and selects the library by the task's role or by the
 * frame's flags. None is called at every poll. */

#include "core/settings.bpf.h"

/* A task was inserted into `tasks`. `is_spawn`: by its spawn; false: the task is older and met
 * late. */
__hidden void handle_task_spawned(__u64 header, struct task *task, __u32 tid, bool is_spawn);

/* A tracked poll whose frame has a flag of FRAME_PENDING ended. `awake` as for count_poll(); 0: the
 * task is complete, and its future's memory is no longer valid. With STATE_RUNNING, tokio has
 * released the task, and another thread may poll it already. */
__hidden void handle_poll_ended(struct thread *thread, struct poll_frame *frame, __u64 awake);

/* A tracked poll was longer than the slow-poll limit. Called only if spans are emitted. */
__hidden void handle_slow_poll(const struct poll_frame *frame, __u64 duration_ns);

/* The frame of a poll that was in progress when the poll probes were detached is dropped. Returns
 * the flags to keep for an untracked frame of the task at `header`. */
__hidden __u32 handle_poll_dropped(struct thread *thread, const struct poll_frame *frame,
				   __u64 header);

/* A task is about to be marked complete. `task` is NULL if the task is unknown. */
__hidden void handle_task_completed(__u64 header, struct task *task, __u64 now_ns);

/* The memory of a task whose end was not observed belongs to another task now. */
__hidden void handle_task_reused(__u64 header, struct task *task, __u64 now_ns);

#endif
