/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_APP_INSPECTION_BPF_H
#define SCOTTYSCOPE_APP_INSPECTION_BPF_H

/* Checks of all applications. In one poll, Scotty spawns a task for each compose file, which
 * inspects the application; the outputs of these tasks, without errors, are Scotty's new list. So a
 * check is complete when that poll and all tasks spawned in it have ended. */

#include "scotty/app_check.h"
#include "scotty/maps.bpf.h"
#include "tokio/current.bpf.h"

static __always_inline struct app_check *check_by_number(__u64 number)
{
	__u32 slot = number & (APP_CHECK_SLOTS - 1);

	return bpf_map_lookup_elem(&app_checks, &slot);
}

/* The check that started in the frame's poll. The frame's flags have the low bits of its number.
 * NULL if the slot belongs to a later check by now. */
static __always_inline struct app_check *check_of_frame(const struct poll_frame *frame)
{
	__u32 number = frame->flags >> FRAME_APP_CHECK_SHIFT;
	struct app_check *check = check_by_number(number);

	return check && (__u16)check->number == number ? check : NULL;
}

/* Starts a check in this poll and returns it; returns the poll's check if it has one already.
 * Checks do not overlap: two that start at the very same time count as one. */
static __always_inline struct app_check *get_or_start_check(struct poll_frame *frame)
{
	__u64 now_ns = bpf_ktime_get_ns(), number;
	struct app_check *check;

	if (frame->flags & FRAME_APP_CHECK) {
		check = check_of_frame(frame);
		/* An untracked frame outlives its poll. */
		if (!(frame->flags & FRAME_UNTRACKED) ||
		    (check && app_check_is_spawning(check, poll_sampling, now_ns)))
			return check;
		frame->flags = FRAME_UNTRACKED;
	}
	add(&app_checks_started, 1);
	number = app_checks_started;
	check = check_by_number(number);
	if (!check)
		return NULL;
	frame->flags |= FRAME_APP_CHECK | (__u32)number << FRAME_APP_CHECK_SHIFT;
	check->spawned = 0;
	check->ended = 0;
	check->spawning = 1;
	check->latest_ns = now_ns;
	/* Last: from here on user space takes the slot for this check's. */
	*(volatile __u64 *)&check->number = number;
	return check;
}

/* The poll in which the check started ends: no more inspections are spawned. */
static __always_inline void end_check_spawning(const struct poll_frame *frame)
{
	struct app_check *check = check_of_frame(frame);

	if (check)
		check->spawning = 0;
}

/* Adds the inspection that thread `tid` spawns to the check of its poll. */
static __always_inline void start_inspection(__u64 header, __u32 tid)
{
	struct poll_frame *frame = current_poll(tid);
	struct app_inspection inspection = {};
	struct app_check *check;

	/* Without a frame the spawns of other inspections may be missing too: no check. */
	if (!frame)
		return;
	check = get_or_start_check(frame);
	if (!check)
		return;
	inspection.check = check->number;
	/* An inspection that does not fit into the map never ends: its check stays incomplete, and
	 * the list as it is. */
	add(&check->spawned, 1);
	check->latest_ns = bpf_ktime_get_ns();
	if (bpf_map_update_elem(&app_inspections, &header, &inspection, BPF_ANY))
		count_drop(DROP_APPS_FULL);
}

/* Ends the inspection that the task at `header` ran: takes over the status in its output, and
 * counts the inspection in its check. `id_word` as in struct task_kind. */
__hidden void end_inspection(__u64 header, __u8 id_word);

#endif
