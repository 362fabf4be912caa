/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_BASE_CLOCK_H
#define SCOTTYSCOPE_BASE_CLOCK_H

#include <stdint.h>

#define NS_PER_US UINT64_C(1000)
#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S  UINT64_C(1000000000)

/* Returns CLOCK_MONOTONIC in nanoseconds: the clock of bpf_ktime_get_ns() and of every record. */
uint64_t clock_monotonic_ns(void);

/* Returns CLOCK_REALTIME in nanoseconds since 1970. */
uint64_t clock_realtime_ns(void);

/* Returns the current realtime minus the current monotonic time, in nanoseconds. */
int64_t clock_realtime_offset_ns(void);

#endif
