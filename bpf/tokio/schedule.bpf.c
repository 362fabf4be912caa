// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* Wake-ups and spawns: whatever is to be polled is put into a run queue first. */

#include "tokio/task.bpf.h"

/* A task waits in a run queue from now on. It may be moved from one queue to another: once between
 * two polls counts. */
static __always_inline void wake_task(struct task *task, __u64 now_ns)
{
	struct schedule_totals *total = schedule_total();

	if (!total)
		return;
	add(&total->scheduled, 1);
	/* One that was woken amid its poll was not idle. */
	if (is_of_this_turn(task->idle_ns))
		observe(&total->idle, now_ns > task->idle_ns ? now_ns - task->idle_ns : 0,
			poll_bounds_ns);
	task->wake_ns = now_ns;
}

/* The task that is about to be put somewhere; one that is not known is spawned just now. */
static __always_inline struct task *placed_task(enum hook hook, __u64 address)
{
	__u32 tid = admit(hook, ACTIVE_POLLS);
	struct task_header header;

	if (!tid)
		return NULL;
	if (bpf_probe_read_user(&header, sizeof(header), (void *)address)) {
		lose(LOSS_READ_FAULT);
		return NULL;
	}
	return meet_task(address, header.vtable, tid, true);
}

static __always_inline void schedule(enum hook hook, __u64 address)
{
	struct task *task = placed_task(hook, address);

	if (task && polls_may_start() && !is_of_this_turn(task->wake_ns))
		wake_task(task, bpf_ktime_get_ns());
}

SEC("uprobe")
int on_task_spawn(struct pt_regs *ctx)
{
	placed_task(HOOK_TASK_SPAWN, read_argument(ctx, ARGUMENT_BOUND_HEADER));
	return 0;
}

SEC("uprobe")
int on_task_schedule(struct pt_regs *ctx)
{
	schedule(HOOK_TASK_SCHEDULE, read_argument(ctx, ARGUMENT_SCHEDULED_HEADER));
	return 0;
}

SEC("uprobe")
int on_schedule_local(struct pt_regs *ctx)
{
	schedule(HOOK_SCHEDULE_LOCAL, read_argument(ctx, ARGUMENT_LOCAL_HEADER));
	return 0;
}

SEC("uprobe")
int on_schedule_remote(struct pt_regs *ctx)
{
	schedule(HOOK_SCHEDULE_REMOTE, read_argument(ctx, ARGUMENT_SCHEDULED_HEADER));
	return 0;
}
