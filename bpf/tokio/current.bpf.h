/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_CURRENT_BPF_H
#define SCOTTYSCOPE_CURRENT_BPF_H

/* Which task a thread polls: known from the poll's start, where that was seen. Where polls are not
 * watched, tokio's own context tells: it is a thread-local variable that holds, in one word of which the
 * place is learnt while polls are watched, the polled task's id (tokio/src/runtime/context.rs). */

#include "core/common.bpf.h"

static __always_inline bool polls_are_watched(void)
{
	return polls_since_ns != 0;
}

/* Those that are about to start are watched. */
static __always_inline bool polls_may_start(void)
{
	return polls_are_watched() && !polls_are_ending;
}

/* How many polls are in progress on a thread, as far as their starts were seen. What was in progress when
 * polls were last let go of is not. */
static __always_inline __u32 depth_of(const struct thread *thread)
{
	return polls_are_watched() && thread->polls_since_ns == polls_since_ns ? thread->depth : 0;
}

static __always_inline struct poll_frame *frame_at(struct thread *thread, __u32 depth)
{
	return &thread->frames[depth & (FRAME_LIMIT - 1)];
}

/* The address of tokio's context of the current thread. A thread's pointer is in the kernel's memory from
 * when it was made: programs do not change it. */
static __always_inline __u64 context_of_thread(void)
{
	struct task_struct *current;

	/* Since 5.11 a program may follow the pointer itself, which takes a fifth of the time. */
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf))
		return bpf_get_current_task_btf()->THREAD_POINTER + (__u64)context_offset;
	current = (struct task_struct *)bpf_get_current_task();
	return BPF_CORE_READ(current, THREAD_POINTER) + (__u64)context_offset;
}

/* The id of the task that tokio's context names, 0 for none. */
static __always_inline __u64 id_in_context(void)
{
	__u32 place = task_id_place;
	__u64 id = 0;

	if (place && context_offset)
		bpf_probe_read_user(&id, sizeof(id),
				    (void *)(context_of_thread() + (place - 1) * sizeof(id)));
	return id;
}

/* What is to be kept of a poll that was seen to start, and that was still in progress when polls were let
 * go of: the check of applications that it had begun. */
static __always_inline __u32 flags_of_forgotten(struct thread *thread, __u64 header)
{
	struct poll_frame *frame = frame_at(thread, thread->depth);

	if (!thread->depth)
		return 0;
	thread->depth = 0;
	if (thread->written.output)
		check(CHECK_FRAME_UNCHECKED);
	thread->written.output = 0;
	if (frame->header != header || !(frame->flags & FRAME_APP_CHECK))
		return 0;
	return frame->flags & (FRAME_APP_CHECK | ~0U << FRAME_APP_CHECK_SHIFT);
}

/* Has the thread's first frame say that the poll in progress is that of the task with this id; NULL
 * where that is not known. */
static __noinline struct poll_frame *meet_unseen(struct thread *thread, __u32 tid, __u64 id)
{
	__u64 *header = bpf_map_lookup_elem(&task_headers, &id);
	struct poll_frame *frame;

	if (!header)
		return NULL;
	if (!thread)
		thread = meet_thread(tid);
	if (!thread)
		return NULL;
	frame = frame_at(thread, 0);
	frame->header = *header;
	frame->flags = FRAME_UNSEEN | flags_of_forgotten(thread, frame->header);
	thread->unseen_id = id;
	return frame;
}

/* The poll in progress on this thread, NULL for none. */
static __always_inline struct poll_frame *current_poll(__u32 tid)
{
	struct thread *thread = find_thread(tid);
	__u64 id;

	if (thread && depth_of(thread))
		return frame_at(thread, thread->depth);
	id = id_in_context();
	if (!id)
		return NULL;
	/* No id is used twice, so that it need not be looked up again for the same poll. */
	if (thread && thread->unseen_id == id && !thread->depth)
		return frame_at(thread, 0);
	return meet_unseen(thread, tid, id);
}

/* What the polled task is for; `task` is what is known of it, or NULL. */
static __always_inline __u8 polled_role(const struct poll_frame *frame, const struct task *task)
{
	return task ? task->kind.role : frame->kind.role;
}

/* The same for a hook that is not hit but within polls. */
static __always_inline struct poll_frame *expect_poll(__u32 tid)
{
	struct poll_frame *frame = current_poll(tid);

	if (!frame)
		lose(LOSS_NO_TASK);
	return frame;
}

/* Where tokio's context has the id of a task whose poll was seen to start: leaves in `task_id_misses`
 * all words but those that have always held it. */
static __noinline int learn_task_id(__u64 header)
{
	struct task *task = bpf_map_lookup_elem(&tasks, &header);
	__u64 words[CONTEXT_WORDS];
	__u32 place = task_id_place, holding = 0;

	if (!task || !task->id ||
	    bpf_probe_read_user(words, sizeof(words), (void *)context_of_thread()))
		return 0;
	for (__u32 i = 0; i < CONTEXT_WORDS; i++) {
		if (words[i] == task->id)
			holding |= 1U << i;
	}
	task_id_misses |= ~holding;
	add(&task_id_looks, 1);
	if (place) {
		bool agrees = holding >> ((place - 1) & 31) & 1;

		check(agrees ? CHECK_TASK_ID_AGREES : CHECK_TASK_ID_DIFFERS);
		if (!agrees) {
			task_id_differs = true;
			task_id_place = 0;
		}
	}
	return 0;
}

/* Now and then goes on comparing what was learnt. */
static __always_inline void compare_task_id(const struct poll_frame *frame, __u64 now_ns)
{
	if (context_offset && !(frame->flags & FRAME_UNSEEN) &&
	    (task_id_looks < TASK_ID_LOOKS || !(now_ns >> 8 & 63)))
		learn_task_id(frame->header);
}

#endif
