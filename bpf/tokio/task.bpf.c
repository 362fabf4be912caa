// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tokio/task.bpf.h"

#include "tokio/events.bpf.h"

/* Reads the task's id and maps it to the header: untracked polls find the task by its id. */
static __always_inline void insert_id(__u64 header, struct task *task)
{
	if (!settings.context_offset || !task->kind.id_word)
		return;
	if (bpf_probe_read_user(&task->id, sizeof(task->id),
				(void *)(header + task->kind.id_word * sizeof(task->id)))) {
		count_drop(DROP_READ_FAULT);
		return;
	}
	if (bpf_map_update_elem(&task_headers, &task->id, &header, BPF_ANY))
		count_drop(DROP_TASKS_FULL);
}

/* Deletes a task whose memory belongs to another one now: its end was not observed. */
static __always_inline void delete_reused(__u64 header, struct task *task, __u64 now_ns)
{
	struct task_totals *totals = totals_of(task->kind);

	count_check(CHECK_TASK_REUSED);
	if (totals)
		add(&totals->ended, 1);
	handle_task_reused(header, task, now_ns);
	delete_task(header, task);
}

__hidden struct task *insert_task(__u64 header, __u64 vtable, __u32 tid, bool is_spawn)
{
	struct task *inserted = bpf_map_lookup_elem(&tasks, &header);
	__u64 now_ns = bpf_ktime_get_ns();
	struct task_totals *totals;
	struct task task = {};
	long error;

	if (inserted)
		delete_reused(header, inserted, now_ns);
	task.vtable = vtable;
	task.kind = kind_of_vtable(vtable);
	if (activation < ACTIVE_SCANNED)
		task.flags = TASK_PREEXISTING;
	else if (is_spawn)
		task.spawn_ns = now_ns;
	error = bpf_map_update_elem(&tasks, &header, &task, BPF_NOEXIST);
	inserted = bpf_map_lookup_elem(&tasks, &header);
	if (error && !inserted)
		count_drop(DROP_TASKS_FULL);
	/* The initial scan may insert the task at the same time: whoever succeeds counts it. */
	if (error || !inserted)
		return inserted;
	insert_id(header, inserted);
	totals = totals_of(task.kind);
	if (totals)
		add(&totals->started, 1);
	handle_task_spawned(header, inserted, tid, is_spawn);
	return inserted;
}
