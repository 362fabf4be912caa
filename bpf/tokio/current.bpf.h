/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_CURRENT_BPF_H
#define SCOTTYSCOPE_CURRENT_BPF_H

/* The task that a thread polls. While poll probes are attached, the start of the poll pushed a
 * frame. While they are detached, tokio's thread-local context tells: one of its words holds the id
 * of the polled task (tokio/src/runtime/context.rs). The word is found by comparisons while poll
 * probes are attached. */

#include "core/thread.bpf.h"
#include "layout/tokio.h"
#include "tokio/maps.bpf.h"

/* Bit i: word i of tokio's context did not hold the id of the polled task in some comparison. */
__weak __u32 task_id_misses;
/* Number of comparisons. */
__weak __u64 task_id_samples;
/* Index of the word that holds the id, plus 1; 0: unknown. Set by user space. */
__weak __u32 task_id_word;
/* That word once held another id; poll probes then stay attached. */
__weak bool task_id_differs;

/* Number of tracked polls in progress on a thread. A depth from an earlier epoch is stale. */
static __always_inline __u32 depth_of(const struct thread *thread)
{
	return polls_are_enabled() && thread->poll_epoch_ns == poll_epoch_ns ? thread->depth : 0;
}

static __always_inline struct poll_frame *frame_at(struct thread *thread, __u32 depth)
{
	return &thread->frames[depth & (FRAME_LIMIT - 1)];
}

/* The address of tokio's context of the current thread. Reads the thread pointer that the kernel
 * stored when the thread was created; programs do not change it. */
static __always_inline __u64 context_of_thread(void)
{
	struct task_struct *current;

	/* Since 5.11 a program may dereference the pointer itself, in a fifth of the time. */
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf))
		return bpf_get_current_task_btf()->THREAD_POINTER + (__u64)settings.context_offset;
	current = (struct task_struct *)bpf_get_current_task();
	return BPF_CORE_READ(current, THREAD_POINTER) + (__u64)settings.context_offset;
}

/* The id of the polled task in tokio's context; 0 for none. */
static __always_inline __u64 id_in_context(void)
{
	__u32 word = task_id_word;
	__u64 id = 0;

	if (word && settings.context_offset &&
	    bpf_probe_read_user(&id, sizeof(id),
				(void *)(context_of_thread() + (word - 1) * sizeof(id)))) {
		count_drop(DROP_READ_FAULT);
		return 0;
	}
	return id;
}

/* Makes frames[0] of the thread the frame of the task with this id and returns it; NULL if the task
 * is unknown. `thread` may be NULL: then it is inserted. */
__hidden struct poll_frame *init_untracked_frame(struct thread *thread, __u32 tid, __u64 id);

/* The frame of the poll in progress on this thread; NULL for none. */
static __always_inline struct poll_frame *current_poll(__u32 tid)
{
	struct thread *thread = find_thread(tid);
	__u64 id;

	if (thread && depth_of(thread))
		return frame_at(thread, thread->depth);
	id = id_in_context();
	if (!id)
		return NULL;
	/* tokio never reuses an id: a repeated one needs no look-up. */
	if (thread && thread->untracked_id == id && !thread->depth)
		return frame_at(thread, 0);
	return init_untracked_frame(thread, tid, id);
}

/* As current_poll(), for hooks that are hit within polls only: counts a drop for none. */
static __always_inline struct poll_frame *expect_poll(__u32 tid)
{
	struct poll_frame *frame = current_poll(tid);

	if (!frame)
		count_drop(DROP_NO_TASK);
	return frame;
}

/* The role of the polled task; `task` is its entry in `tasks` or NULL. */
static __always_inline __u8 polled_role(const struct poll_frame *frame, const struct task *task)
{
	return task ? task->kind.role : frame->kind.role;
}

/* Compares the words of tokio's context with the id of the task at `header`, whose poll is tracked,
 * and updates `task_id_misses`. */
__hidden void compare_context(__u64 header);

/* Calls compare_context() until the word is found, then in one of 64 polls. The middle bits of the
 * clock serve as a random number. */
static __always_inline void sample_context(const struct poll_frame *frame, __u64 now_ns)
{
	if (settings.context_offset && !(frame->flags & FRAME_UNTRACKED) &&
	    (task_id_samples < TASK_ID_SAMPLES || !(now_ns >> 8 & 63)))
		compare_context(frame->header);
}

#endif
