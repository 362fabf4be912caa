/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_SCOTTY_APP_CHECK_H
#define SCOTTYSCOPE_SCOTTY_APP_CHECK_H

/* Progress of a check of all applications. Both sides compile this file. */

#include "scotty/types.h"

/* Scotty spawns all inspections of a check in one poll, in quick succession, after a search for
 * compose files. Where the end of that poll may go unobserved, the spawning is over this long after
 * the last spawn, or after the start of the search. */
#define APP_CHECK_SPAWNING_NS  1000000000ULL
#define APP_CHECK_SEARCHING_NS 60000000000ULL

/* Whether the check may still spawn inspections. `is_sampling`: the poll probes have a duty cycle,
 * so that the end of a poll may go unobserved. `now_ns` is monotonic. */
static inline __attribute__((always_inline)) _Bool
app_check_is_spawning(const struct app_check *check, _Bool is_sampling, __u64 now_ns)
{
	__u64 limit_ns = check->spawned ? APP_CHECK_SPAWNING_NS : APP_CHECK_SEARCHING_NS;

	return check->spawning &&
	       !(is_sampling && now_ns > check->latest_ns && now_ns - check->latest_ns > limit_ns);
}

/* Whether all inspections of the check have ended. */
static inline __attribute__((always_inline)) _Bool
app_check_is_complete(const struct app_check *check, _Bool is_sampling, __u64 now_ns)
{
	return !app_check_is_spawning(check, is_sampling, now_ns) && check->spawned == check->ended;
}

#endif
