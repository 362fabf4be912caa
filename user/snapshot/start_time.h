/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_SNAPSHOT_START_TIME_H
#define SCOTTYSCOPE_SNAPSHOT_START_TIME_H

#include <stdint.h>

/* When counting began, by two clocks. */
struct start_time {
	uint64_t monotonic_ns;
	uint64_t realtime_ns;
};

/* Returns the realtime of the start for points at the realtime `time_ns`, which is `monotonic_ns`.
 * Never later than `time_ns`: OTLP demands that of cumulative points. The result stays the same from
 * call to call, because another start would be a reset of all counters. Only when the wall clock was
 * set back to before the start, the start moves, to the moment that the new clock gives it. */
uint64_t start_time__at(struct start_time *start, uint64_t time_ns, uint64_t monotonic_ns);

#endif
