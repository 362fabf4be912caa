// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "snapshot/start_time.h"

#include <criterion/criterion.h>

#include "base/clock.h"

#define NOON_NS	   (UINT64_C(1700000000) * NS_PER_S)
#define UPTIME_NS  (50 * NS_PER_S)
#define HOUR_NS	   (3600 * NS_PER_S)
#define MINUTES_NS (60 * NS_PER_S)

static struct start_time started(void)
{
	return (struct start_time){.monotonic_ns = UPTIME_NS, .realtime_ns = NOON_NS};
}

Test(start_time, constant_while_the_clock_runs)
{
	struct start_time start = started();

	/* Also where the clock is slewed, set forward, or set back by less than the run. */
	cr_assert_eq(start_time__at(&start, NOON_NS, UPTIME_NS), NOON_NS);
	cr_assert_eq(start_time__at(&start, NOON_NS + 10, UPTIME_NS + 20), NOON_NS);
	cr_assert_eq(start_time__at(&start, NOON_NS + HOUR_NS, UPTIME_NS + 30), NOON_NS);
	cr_assert_eq(start_time__at(&start, NOON_NS + HOUR_NS / 2, UPTIME_NS + HOUR_NS), NOON_NS);
}

Test(start_time, never_after_the_point)
{
	struct start_time start = started();
	uint64_t time_ns = NOON_NS + 6 * MINUTES_NS - HOUR_NS;
	uint64_t moved_ns = start_time__at(&start, time_ns, UPTIME_NS + 6 * MINUTES_NS);

	cr_assert_eq(moved_ns, NOON_NS - HOUR_NS);
	/* From then on constant again, although the two clocks are never read at the same time. */
	cr_assert_eq(start_time__at(&start, time_ns + 100, UPTIME_NS + 6 * MINUTES_NS + 90),
		     moved_ns);
	cr_assert_eq(start_time__at(&start, NOON_NS, UPTIME_NS + 7 * MINUTES_NS), moved_ns);
}

Test(start_time, at_the_first_point)
{
	struct start_time start = started();

	cr_assert_eq(start_time__at(&start, NOON_NS - 5, UPTIME_NS), NOON_NS - 5);
}

Test(start_time, a_clock_without_a_date)
{
	struct start_time start = started();

	cr_assert_eq(start_time__at(&start, 3 * NS_PER_S, UPTIME_NS + HOUR_NS), 0u);
}
