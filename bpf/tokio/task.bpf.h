/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_TASK_BPF_H
#define SCOTTYSCOPE_TASK_BPF_H

/* Live tasks by their headers, their types and their totals. */

#include "core/counters.bpf.h"
#include "layout/tokio.h"
#include "tokio/maps.bpf.h"

static __always_inline struct task_kind kind_of_vtable(__u64 vtable)
{
	struct task_kind *kind = bpf_map_lookup_elem(&vtables, &vtable);
	struct task_kind other = {.index = KIND_OTHER, .class = TASK_ASYNC, .role = ROLE_NONE};

	if (kind)
		return *kind;
	count_check(CHECK_VTABLE_UNKNOWN);
	return other;
}

static __always_inline struct task_totals *totals_of(struct task_kind kind)
{
	__u32 index = kind.index;

	return bpf_map_lookup_elem(&task_totals, &index);
}

static __always_inline struct schedule_totals *get_schedule_totals(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&schedule_totals, &zero);
}

/* Reads the header of a task at `address`. Returns whether that succeeded; counts a drop if not. */
static __always_inline bool read_header(__u64 address, struct task_header *header)
{
	if (!bpf_probe_read_user(header, sizeof(*header), (void *)address))
		return true;
	count_drop(DROP_READ_FAULT);
	return false;
}

/* Whether the state of the task at `header` has none of the bits `awake`. A task that was woken
 * during its poll continues without being idle. Before tokio has stored the state it may still
 * change: a wake-up then finds the task idle, if only for a moment. */
static __always_inline bool is_idle(__u64 header, __u64 awake)
{
	__u64 state = 0;

	if (bpf_probe_read_user(&state, sizeof(state), (void *)header)) {
		count_drop(DROP_READ_FAULT);
		return false;
	}
	return !(state & awake);
}

/* Ends and deletes the task at `header`: its memory belongs to another task now, and its end was not
 * observed. Not a part of insert_task(): on kernels before 6.13 the stacks of both do not fit together
 * in 512 bytes with those of the functions that end a request. */
__hidden void end_reused_task(__u64 header);

/* Inserts the task at `header`, which thread `tid` met as `meeting` states. The address has no
 * entry of an earlier task. Returns the entry; NULL if the map is full. */
__hidden struct task *insert_task(__u64 header, __u64 vtable, __u32 tid, enum task_meeting meeting);

/* Returns the task at `header`, inserted if it is new; NULL if the map is full. */
static __always_inline struct task *get_or_insert_task(__u64 header, __u64 vtable, __u32 tid,
						       enum task_meeting meeting)
{
	struct task *known = bpf_map_lookup_elem(&tasks, &header);

	if (known && known->vtable == vtable)
		return known;
	if (known)
		end_reused_task(header);
	return insert_task(header, vtable, tid, meeting);
}

/* Deletes a task. The initial scan in user space may do the same at the same time: exactly one of
 * both gets true. */
static __always_inline bool delete_task(__u64 header, const struct task *task)
{
	__u64 id = task->id;

	if (bpf_map_delete_elem(&tasks, &header))
		return false;
	if (id)
		bpf_map_delete_elem(&task_headers, &id);
	return true;
}

#endif
