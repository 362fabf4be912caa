// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <time.h>

#include "base/clock.h"

static uint64_t read_ns(clockid_t clock)
{
	struct timespec time;

	cr_assert_eq(clock_gettime(clock, &time), 0);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

Test(base_clock, monotonic_is_the_kernels)
{
	uint64_t before = read_ns(CLOCK_MONOTONIC);
	uint64_t time = clock_monotonic_ns();
	uint64_t after = read_ns(CLOCK_MONOTONIC);

	cr_assert_leq(before, time);
	cr_assert_leq(time, after);
}

Test(base_clock, realtime_is_since_1970)
{
	uint64_t before = read_ns(CLOCK_REALTIME);
	uint64_t time = clock_realtime_ns();
	uint64_t after = read_ns(CLOCK_REALTIME);

	cr_assert_leq(before, time);
	cr_assert_leq(time, after);
}

Test(base_clock, offset_leads_from_one_to_the_other)
{
	uint64_t before = read_ns(CLOCK_REALTIME);
	int64_t offset = clock_realtime_offset_ns();
	uint64_t realtime = clock_monotonic_ns() + (uint64_t)offset;
	uint64_t after = read_ns(CLOCK_REALTIME);

	/* The clock may be slewed while it is read. */
	cr_assert_leq(before, realtime + NS_PER_MS);
	cr_assert_leq(realtime, after + NS_PER_MS);
}
