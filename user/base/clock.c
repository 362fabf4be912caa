// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/clock.h"

#include <time.h>

static uint64_t clock_read(clockid_t id)
{
	struct timespec time;

	clock_gettime(id, &time);
	return (uint64_t)time.tv_sec * NS_PER_S + (uint64_t)time.tv_nsec;
}

uint64_t clock_monotonic_ns(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

uint64_t clock_realtime_ns(void)
{
	return clock_read(CLOCK_REALTIME);
}

int64_t clock_realtime_offset_ns(void)
{
	/* The realtime is read between two monotonic readings. The error is at most half the
	 * gap. */
	uint64_t before = clock_monotonic_ns();
	uint64_t realtime = clock_realtime_ns();
	uint64_t after = clock_monotonic_ns();

	return (int64_t)(realtime - (before + (after - before) / 2));
}
