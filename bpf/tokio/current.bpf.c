// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tokio/current.bpf.h"

#include "tokio/events.bpf.h"

/* Drops the stale frame of a poll that was in progress when the poll probes were detached. Returns
 * the flags that an untracked frame of the task at `header` keeps. */
static __always_inline __u32 drop_stale_frame(struct thread *thread, __u64 header)
{
	struct poll_frame *frame = frame_at(thread, thread->depth);

	if (!thread->depth)
		return 0;
	thread->depth = 0;
	return handle_poll_dropped(thread, frame, header);
}

__hidden struct poll_frame *init_untracked_frame(struct thread *thread, __u32 tid, __u64 id)
{
	__u64 *header = bpf_map_lookup_elem(&task_headers, &id);
	struct poll_frame *frame;

	if (!header)
		return NULL;
	if (!thread)
		thread = get_or_init_thread(tid);
	if (!thread)
		return NULL;
	frame = frame_at(thread, 0);
	frame->header = *header;
	frame->flags = FRAME_UNTRACKED | drop_stale_frame(thread, frame->header);
	thread->untracked_id = id;
	return frame;
}

__hidden void compare_context(__u64 header)
{
	struct task *task = bpf_map_lookup_elem(&tasks, &header);
	__u64 words[TOKIO_CONTEXT_WORDS_MAX] = {};
	__u32 word = task_id_word, holding = 0;
	__u32 size = settings.context_words * sizeof(words[0]);
	__u64 id = task ? task->id : 0;
	bool agrees;

	if (!id || size > sizeof(words) ||
	    bpf_probe_read_user(words, size, (void *)context_of_thread()))
		return;
	for (__u32 i = 0; i < TOKIO_CONTEXT_WORDS_MAX; i++) {
		if (words[i] == id)
			holding |= 1U << i;
	}
	task_id_misses |= ~holding;
	add(&task_id_samples, 1);
	if (!word)
		return;
	agrees = holding >> ((word - 1) & 31) & 1;
	/* Each result has a call with a constant index: the verifier would track an index that depends on
	 * the words through the whole loop. */
	barrier_var(agrees);
	if (agrees) {
		count_check(CHECK_TASK_ID_AGREES);
		return;
	}
	count_check(CHECK_TASK_ID_DIFFERS);
	task_id_differs = true;
	task_id_word = 0;
}
