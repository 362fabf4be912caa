// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* Spawns and wake-ups: tokio inserts every task into a run queue before it polls the task. */

#include "core/admit.bpf.h"
#include "core/registers.bpf.h"
#include "tokio/task.bpf.h"

/* Starts the task's time in the run queue. A task may move between queues; only the first insertion
 * between two polls counts. */
static __always_inline void wake_task(struct task *task, __u64 now_ns)
{
	struct schedule_totals *totals = get_schedule_totals();

	if (!totals)
		return;
	add(&totals->scheduled, 1);
	/* A task that was woken during its poll was not idle. */
	if (is_in_poll_epoch(task->idle_ns))
		observe(&totals->idle, now_ns > task->idle_ns ? now_ns - task->idle_ns : 0,
			settings.poll_bounds_ns);
	task->wake_ns = now_ns;
}

/* The list that the last observed spawn added its task to. */
__weak __u64 last_task_list;

/* Returns the task that is inserted into a list or queue. */
static __always_inline struct task *handle_insertion(enum hook hook, __u64 address,
						     enum task_meeting meeting)
{
	__u32 tid = admit(hook, ACTIVE_POLLS);
	struct task_header header;

	if (!tid || !read_header(address, &header))
		return NULL;
	return get_or_insert_task(address, header.vtable, tid, meeting);
}

/* Records the address of a runtime's task list. A server with one runtime needs one comparison. */
static __always_inline void record_list(__u64 list)
{
	__u64 is_known = 1;

	if (list == last_task_list)
		return;
	last_task_list = list;
	bpf_map_update_elem(&task_lists, &list, &is_known, BPF_NOEXIST);
}

static __always_inline void handle_schedule(enum hook hook, __u64 address)
{
	struct task *task = handle_insertion(hook, address, MET_IN_QUEUE);

	if (task && polls_may_start() && !is_in_poll_epoch(task->wake_ns))
		wake_task(task, bpf_ktime_get_ns());
}

SEC("uprobe")
int on_task_spawn(struct pt_regs *ctx)
{
	if (handle_insertion(HOOK_TASK_SPAWN, read_argument(ctx, ARGUMENT_BOUND_HEADER),
			     MET_AT_SPAWN))
		record_list(read_argument(ctx, ARGUMENT_TASK_LIST));
	return 0;
}

SEC("uprobe")
int on_task_schedule(struct pt_regs *ctx)
{
	handle_schedule(HOOK_TASK_SCHEDULE, read_argument(ctx, ARGUMENT_SCHEDULED_HEADER));
	return 0;
}

SEC("uprobe")
int on_schedule_local(struct pt_regs *ctx)
{
	handle_schedule(HOOK_SCHEDULE_LOCAL, read_argument(ctx, ARGUMENT_LOCAL_HEADER));
	return 0;
}

SEC("uprobe")
int on_schedule_remote(struct pt_regs *ctx)
{
	handle_schedule(HOOK_SCHEDULE_REMOTE, read_argument(ctx, ARGUMENT_SCHEDULED_HEADER));
	return 0;
}

SEC("uprobe")
int on_schedule_single(struct pt_regs *ctx)
{
	handle_schedule(HOOK_SCHEDULE_SINGLE, read_argument(ctx, ARGUMENT_SCHEDULED_HEADER));
	return 0;
}
