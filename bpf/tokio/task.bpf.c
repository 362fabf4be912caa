// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tokio/task.bpf.h"

#include "tokio/events.bpf.h"

/* tokio's next task id at the initial scan; 0: unknown. tokio takes the ids from one counter
 * (tokio/src/runtime/task/id.rs), so a lower id belongs to an older task. Set by user space. */
__weak __u64 first_new_task_id;

static __always_inline __u64 read_id(__u64 header, struct task_kind kind)
{
	__u64 id = 0;

	if (!kind.id_word)
		return 0;
	if (bpf_probe_read_user(&id, sizeof(id), (void *)(header + kind.id_word * sizeof(id)))) {
		count_drop(DROP_READ_FAULT);
		return 0;
	}
	return id;
}

/* Whether the task is older than the attachment: the initial scan did not find the task. Without
 * ids, a task whose spawn was not observed is older, except a LocalSet's, which passes no spawn
 * hook. */
static __always_inline bool is_met_late(const struct task *task, enum task_meeting meeting)
{
	if (meeting == MET_AT_SPAWN)
		return false;
	if (first_new_task_id && task->id)
		return task->id < first_new_task_id;
	return settings.spawns_are_observed && task->kind.class == TASK_ASYNC;
}

/* Maps the task's id to the header: untracked polls find the task by its id. */
static __always_inline void insert_id(__u64 header, struct task *task)
{
	if (!settings.context_offset || !task->id)
		return;
	if (bpf_map_update_elem(&task_headers, &task->id, &header, BPF_ANY))
		count_drop(DROP_TASKS_FULL);
}

__hidden void end_reused_task(__u64 header)
{
	struct task *task = bpf_map_lookup_elem(&tasks, &header);
	struct task_totals *totals = task ? totals_of(task->kind) : NULL;

	if (!task)
		return;
	count_check(CHECK_TASK_REUSED);
	if (totals)
		add(&totals->ended, 1);
	handle_task_reused(header, task, bpf_ktime_get_ns());
	delete_task(header, task);
}

__hidden struct task *insert_task(__u64 header, __u64 vtable, __u32 tid, enum task_meeting meeting)
{
	bool is_spawn = meeting != MET_IN_POLL;
	struct task_totals *totals;
	struct task *inserted;
	struct task task = {};
	long error;

	task.vtable = vtable;
	task.kind = kind_of_vtable(vtable);
	task.id = read_id(header, task.kind);
	if (activation < ACTIVE_SCANNED) {
		task.flags = TASK_PREEXISTING;
	} else if (is_met_late(&task, meeting)) {
		task.flags = TASK_PREEXISTING;
		is_spawn = false;
	} else if (is_spawn) {
		task.spawn_ns = bpf_ktime_get_ns();
	}
	error = bpf_map_update_elem(&tasks, &header, &task, BPF_NOEXIST);
	inserted = bpf_map_lookup_elem(&tasks, &header);
	if (error && !inserted)
		count_drop(DROP_TASKS_FULL);
	/* The initial scan may insert the task at the same time: whoever succeeds counts it. */
	if (error || !inserted)
		return inserted;
	if (activation == ACTIVE_SCANNED && inserted->flags & TASK_PREEXISTING)
		count_check(CHECK_TASK_MET_LATE);
	insert_id(header, inserted);
	totals = totals_of(task.kind);
	if (totals)
		add(&totals->started, 1);
	handle_task_spawned(header, inserted, tid, is_spawn);
	return inserted;
}
