// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* Polls and the end of tasks. A poll lasts from `transition_to_running` to the next
 * `transition_to_idle` or `transition_to_complete` on the same thread. Where the compiler inlined
 * these functions, a poll lasts from the call of the task's poll function to its return. (No panic
 * unwinds through that function: tokio catches panics within it.) */

#include "tokio/poll.bpf.h"
#include "core/admit.bpf.h"

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

/* Pops the frame of the call that has just returned. NULL if the call was no poll or its task
 * completed. */
static __always_inline struct poll_frame *pop_returned(struct thread *thread, __u64 stack_pointer)
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
		count_drop(DROP_FRAME_LOST);
	}
	return NULL;
}

SEC("uretprobe")
int on_raw_poll_return(struct pt_regs *ctx)
{
	__u64 now_ns = bpf_ktime_get_ns();
	__u32 tid = admit(HOOK_RAW_POLL_RETURN, ACTIVE_POLLS);
	struct thread *thread = tid ? find_thread(tid) : NULL;
	struct poll_frame *frame = thread ? pop_returned(thread, stack_pointer_of_call(ctx)) : NULL;

	/* Another thread may already poll the task again. */
	if (frame)
		finish_poll(thread, frame, now_ns, STATE_NOTIFIED | STATE_RUNNING);
	return 0;
}

/* Counts a task that completes while poll probes are detached and passes no spawn hook: a closure of
 * spawn_blocking, which is otherwise inserted at its only poll, or a task of a LocalSet. */
static __always_inline void count_untracked_task(__u64 address)
{
	struct task_totals *totals;
	struct task_header header;
	struct task_kind kind;

	if (!read_header(address, &header))
		return;
	kind = kind_of_vtable(header.vtable);
	totals = kind.class != TASK_ASYNC ? totals_of(kind) : NULL;
	if (totals) {
		add(&totals->started, 1);
		add(&totals->ended, 1);
	}
}

SEC("uprobe")
int on_task_complete(struct pt_regs *ctx)
{
	__u64 now_ns = bpf_ktime_get_ns();
	__u32 tid = admit(HOOK_TASK_COMPLETE, ACTIVE_POLLS);
	__u64 header = read_argument(ctx, ARGUMENT_TASK_HEADER);
	struct task_totals *totals;
	struct task *task;

	if (!tid)
		return 0;
	end_poll(tid, header, now_ns, 0);
	task = bpf_map_lookup_elem(&tasks, &header);
	handle_task_completed(header, task, now_ns);
	if (!task) {
		if (poll_sampling)
			count_untracked_task(header);
		return 0;
	}
	totals = totals_of(task->kind);
	if (delete_task(header, task) && totals)
		add(&totals->ended, 1);
	return 0;
}
