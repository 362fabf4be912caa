/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_SELF_DROP_WATCH_H
#define SCOTTYSCOPE_SELF_DROP_WATCH_H

/* Detects the first dropped data of each cause, so that each cause gets one message. A cause that was
 * quiet for DROP_WATCH_QUIET_NS counts as new again. */

#include <stddef.h>
#include <stdint.h>

#include "self/self.h"

#define DROP_WATCH_QUIET_NS    (UINT64_C(600) * 1000000000)
#define DROP_WATCH_CAUSE_LIMIT 64

/* Zeroed: nothing was dropped yet. */
struct drop_watch {
	struct {
		const char *cause;
		uint64_t count;
		uint64_t grown_ns; /* when the count was last found to be higher */
	} causes[DROP_WATCH_CAUSE_LIMIT];
	size_t count;
};

/* Calls back for each cause that is new, with the number that was dropped since the check before.
 * `snapshot` needs its drop counters and its pipeline only; `now_ns` is monotonic. */
void drop_watch__check(struct drop_watch *watch, const struct snapshot *snapshot,
		       const struct self_counters *counters, uint64_t now_ns,
		       self_drop_callback callback, void *context);

#endif
