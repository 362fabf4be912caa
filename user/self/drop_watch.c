// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "self/drop_watch.h"

#include <string.h>

/* The parameters of a check, for the callback of each cause. */
struct comparison {
	struct drop_watch *watch;
	uint64_t now_ns;
	self_drop_callback callback;
	void *context;
};

/* Returns the index of the cause, which is added if it is new; DROP_WATCH_CAUSE_LIMIT: no place. */
static size_t find(struct drop_watch *watch, const char *cause)
{
	size_t i;

	for (i = 0; i < watch->count; i++) {
		if (strcmp(watch->causes[i].cause, cause) == 0)
			return i;
	}
	if (i < DROP_WATCH_CAUSE_LIMIT) {
		watch->causes[i].cause = cause;
		watch->count++;
	}
	return i;
}

static void compare(void *context, const char *cause, const char *what, uint64_t count)
{
	const struct comparison *comparison = context;
	size_t i = find(comparison->watch, cause);
	uint64_t grown_ns, more;

	if (i == DROP_WATCH_CAUSE_LIMIT || count <= comparison->watch->causes[i].count)
		return;
	grown_ns = comparison->watch->causes[i].grown_ns;
	more = count - comparison->watch->causes[i].count;
	comparison->watch->causes[i].count = count;
	comparison->watch->causes[i].grown_ns = comparison->now_ns;
	if (grown_ns == 0 || comparison->now_ns - grown_ns >= DROP_WATCH_QUIET_NS)
		comparison->callback(comparison->context, cause, what, more);
}

void drop_watch__check(struct drop_watch *watch, const struct snapshot *snapshot,
		       const struct self_counters *counters, uint64_t now_ns,
		       self_drop_callback callback, void *context)
{
	struct comparison comparison = {watch, now_ns, callback, context};

	self_for_each_drop(snapshot, counters, compare, &comparison);
}
