// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* tokio's tasks: every poll of every task, and the end of each. A poll lasts from
 * `transition_to_running` to the next `transition_to_idle` or `transition_to_complete` on the same
 * thread. Where these are inlined, it lasts from the call of the task's poll function to its return
 * (which no panic unwinds: tokio catches it within). */

#include "tokio/poll.bpf.h"
#include "scotty/app_finalize.bpf.h"
#include "scotty/task_outcome.bpf.h"

SEC("uprobe")
int on_poll_start(struct pt_regs *ctx)
{
	__u32 tid = admit(HOOK_POLL_START, ACTIVE_POLLS);

	if (tid)
		start_poll(ctx, tid);
	return 0;
}

SEC("uprobe")
int on_poll_idle(struct pt_regs *ctx)
{
	__u64 now_ns = bpf_ktime_get_ns();
	__u32 tid = admit(HOOK_POLL_IDLE, ACTIVE_POLLS);

	if (tid)
		end_poll(tid, read_argument(ctx, ARGUMENT_TASK_HEADER), now_ns, STATE_NOTIFIED);
	return 0;
}

SEC("uprobe")
int on_raw_poll(struct pt_regs *ctx)
{
	__u32 tid = admit(HOOK_RAW_POLL, ACTIVE_POLLS);

	if (tid)
		start_poll(ctx, tid);
	return 0;
}

/* The frame of the call that returns now, if it was a poll and its task has not ended in it. */
static __always_inline struct poll_frame *take_returned(struct thread *thread, __u64 stack_pointer)
{
	__u32 depth = depth_of(thread);

	for (int i = 0; i < FRAME_LIMIT && depth > 0; i++) {
		struct poll_frame *frame = frame_at(thread, depth);

		if (frame->stack_pointer > stack_pointer)
			return NULL;
		depth--;
		thread->depth = depth;
		if (frame->stack_pointer == stack_pointer)
			return frame;
		lose(LOSS_FRAME_LOST);
	}
	return NULL;
}

SEC("uretprobe")
int on_raw_poll_return(struct pt_regs *ctx)
{
	__u64 now_ns = bpf_ktime_get_ns();
	__u32 tid = admit(HOOK_RAW_POLL_RETURN, ACTIVE_POLLS);
	struct thread *thread = tid ? find_thread(tid) : NULL;
	struct poll_frame *frame =
		thread ? take_returned(thread, stack_pointer_of_call(ctx)) : NULL;

	/* By now another thread may poll it again. */
	if (frame)
		finish_poll(thread, frame, now_ns, STATE_NOTIFIED | STATE_RUNNING);
	return 0;
}

/* A closure of spawn_blocking, known from its one poll, ends, and polls were not watched then. */
static __always_inline void count_unseen_run(__u64 address)
{
	struct task_totals *total;
	struct task_header header;
	struct task_kind kind;

	if (bpf_probe_read_user(&header, sizeof(header), (void *)address)) {
		lose(LOSS_READ_FAULT);
		return;
	}
	kind = kind_of_vtable(header.vtable);
	total = kind.class == TASK_BLOCKING ? totals_of(kind) : NULL;
	if (total) {
		add(&total->started, 1);
		add(&total->ended, 1);
	}
}

SEC("uprobe")
int on_task_complete(struct pt_regs *ctx)
{
	__u64 now_ns = bpf_ktime_get_ns();
	__u32 tid = admit(HOOK_TASK_COMPLETE, ACTIVE_POLLS);
	__u64 header = read_argument(ctx, ARGUMENT_TASK_HEADER);
	struct task_totals *total;
	struct task *task;

	if (!tid)
		return 0;
	end_poll(tid, header, now_ns, 0);
	http_end_connection(header, now_ns);

	task = bpf_map_lookup_elem(&tasks, &header);
	if (!task) {
		if (polls_in_turns)
			count_unseen_run(header);
		return 0;
	}
	total = totals_of(task->kind);
	if (task->kind.role == ROLE_APP_CHECK)
		end_inspection(header, task->vtable);
	if (task->kind.role >= ROLE_FIRST_SESSION)
		end_session_task(header, task, now_ns);
	if (take_out_task(header, task) && total)
		add(&total->ended, 1);
	return 0;
}
