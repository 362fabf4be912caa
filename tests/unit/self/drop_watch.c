// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "self/drop_watch.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/clock.h"
#include "self/drops.h"

static struct snapshot snapshot;
static struct self_counters counters;
static struct drop_watch watch;

struct notes {
	size_t count;
	uint64_t dropped;
	const char *cause;
};

static void note(void *context, const char *cause, const char *what, uint64_t count)
{
	struct notes *notes = context;

	cr_assert_gt(strlen(what), 10u);
	notes->count++;
	notes->dropped += count;
	notes->cause = cause;
}

static struct notes check_at(uint64_t seconds)
{
	struct notes notes = {0};

	drop_watch__check(&watch, &snapshot, &counters, seconds * NS_PER_S, note, &notes);
	return notes;
}

Test(drop_watch, nothing_dropped_is_no_message)
{
	cr_assert_eq(check_at(1).count, 0u);
}

Test(drop_watch, one_message_for_each_cause)
{
	struct notes notes;

	snapshot.totals.counters.drops[DROP_RING_FULL] = 3;
	notes = check_at(1);
	cr_assert_eq(notes.count, 1u);
	cr_assert_eq(notes.dropped, 3u);
	cr_assert_str_eq(notes.cause, "ring_full");
	snapshot.totals.counters.drops[DROP_RING_FULL] = 300;
	cr_assert_eq(check_at(2).count, 0u);
	counters.exporter.spans_dropped_queue_full = 7;
	snapshot.totals.counters.drops[DROP_RING_FULL] = 301;
	notes = check_at(3);
	cr_assert_eq(notes.count, 1u);
	cr_assert_eq(notes.dropped, 7u);
	cr_assert_str_eq(notes.cause, "spans_queue_full");
}

Test(drop_watch, again_after_a_quiet_time)
{
	uint64_t quiet_s = DROP_WATCH_QUIET_NS / NS_PER_S;

	snapshot.totals.counters.drops[DROP_NESTING] = 1;
	cr_assert_eq(check_at(10).count, 1u);
	/* Each drop begins the quiet time again. */
	snapshot.totals.counters.drops[DROP_NESTING] = 2;
	cr_assert_eq(check_at(10 + quiet_s - 1).count, 0u);
	snapshot.totals.counters.drops[DROP_NESTING] = 5;
	cr_assert_eq(check_at(10 + 2 * quiet_s - 2).count, 0u);
	snapshot.totals.counters.drops[DROP_NESTING] = 9;
	cr_assert_eq(check_at(10 + 3 * quiet_s - 2).dropped, 4u);
}

Test(drop_watch, has_room_for_every_cause)
{
	size_t user_causes = 0;

#define X(name, help, count) user_causes++;
	USER_DROP_LIST(X)
#undef X
	cr_assert_leq(DROP_COUNT + user_causes, (size_t)DROP_WATCH_CAUSE_LIMIT);
	for (int i = 0; i < DROP_COUNT; i++)
		snapshot.totals.counters.drops[i] = 1;
	cr_assert_eq(check_at(1).count, (size_t)DROP_COUNT);
}
