/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_APP_CHECK_BPF_H
#define SCOTTYSCOPE_APP_CHECK_BPF_H

/* Checks of all applications. Scotty spawns a task for each compose file, all in one poll, which
 * inspects it; what these tasks give, errors left out, is its list from then on. So a check is whole
 * when that poll has ended and as many tasks have as were spawned. */

#include "tokio/current.bpf.h"

#include "scotty/app_data.bpf.h"

static __always_inline struct app_check *check_by_number(__u64 number)
{
	__u32 slot = number & (APP_CHECK_SLOTS - 1);

	return bpf_map_lookup_elem(&app_checks, &slot);
}

/* Of its check's number, as much as there is room for is kept with the frame's flags. NULL where so
 * many have begun since that the slot is another one's. */
static __always_inline struct app_check *check_of_frame(const struct poll_frame *frame)
{
	__u32 number = frame->flags >> FRAME_APP_CHECK_SHIFT;
	struct app_check *check = check_by_number(number);

	return check && (__u16)check->number == number ? check : NULL;
}

static __always_inline bool is_spawning(const struct app_check *check)
{
	__u64 limit_ns = check->spawned ? APP_CHECK_SPAWNING_NS : APP_CHECK_SEARCHING_NS;

	return check->spawning &&
	       !(polls_in_turns && bpf_ktime_get_ns() - check->latest_ns > limit_ns);
}

static __always_inline bool is_whole(const struct app_check *check)
{
	return !is_spawning(check) && check->spawned == check->ended;
}

/* The check that begins in this poll; the same one if it began before. Checks follow each other:
 * should two begin at the very same moment, they are taken for one. */
static __always_inline struct app_check *open_app_check(struct poll_frame *frame)
{
	struct app_check *check;
	__u64 number;

	if (frame->flags & FRAME_APP_CHECK) {
		check = check_of_frame(frame);
		/* A frame that is not of a poll outlives it. */
		if (!(frame->flags & FRAME_UNSEEN) || (check && is_spawning(check)))
			return check;
		frame->flags = FRAME_UNSEEN;
	}
	add(&app_checks_begun, 1);
	number = app_checks_begun;
	check = check_by_number(number);
	if (!check)
		return NULL;
	frame->flags |= FRAME_APP_CHECK | (__u32)number << FRAME_APP_CHECK_SHIFT;
	check->spawned = 0;
	check->ended = 0;
	check->spawning = 1;
	check->latest_ns = bpf_ktime_get_ns();
	/* User space takes the slot for this check's only when the rest is in place. */
	*(volatile __u64 *)&check->number = number;
	return check;
}

/* The poll in which the check began ends. */
static __always_inline void close_app_check(const struct poll_frame *frame)
{
	struct app_check *check = check_of_frame(frame);

	if (check)
		check->spawning = 0;
}

/* A task that inspects an application was spawned by the thread. Where the start of that poll was
 * not seen, other tasks may not have been either: then this is no check. */
static __always_inline void begin_inspection(__u64 header, __u32 tid)
{
	struct poll_frame *frame = current_poll(tid);
	struct app_inspection inspection = {};
	struct app_check *check;

	if (!frame)
		return;
	check = open_app_check(frame);
	if (!check)
		return;
	inspection.check = check->number;
	/* One that finds no room never ends: its check is not whole, and the list stays. */
	add(&check->spawned, 1);
	check->latest_ns = bpf_ktime_get_ns();
	if (bpf_map_update_elem(&app_inspections, &header, &inspection, BPF_ANY))
		lose(LOSS_APPS_FULL);
}

#endif
