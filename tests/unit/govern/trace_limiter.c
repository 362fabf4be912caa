// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "govern/trace_limiter.h"

#include <criterion/criterion.h>

#define SECOND_NS UINT64_C(1000000000)

/* The ratio after a period of `seconds` in which `spans` spans started. */
static double ratio_after(uint64_t limit, uint64_t spans, double seconds)
{
	struct trace_limiter limiter;

	trace_limiter__init(&limiter, limit, 5 * SECOND_NS);
	limiter.ratio = 0.5;
	trace_limiter__end_period(&limiter, spans, 5 * SECOND_NS + (uint64_t)(seconds * SECOND_NS));
	return limiter.ratio;
}

Test(trace_limiter, keeps_all_traces_within_the_limit)
{
	cr_assert_eq(ratio_after(100, 0, 1), 1.0);
	cr_assert_eq(ratio_after(100, 100, 1), 1.0);
	cr_assert_eq(ratio_after(100, 200, 2), 1.0);
}

Test(trace_limiter, keeps_the_ratio_of_limit_and_rate_above_it)
{
	cr_assert_float_eq(ratio_after(100, 400, 1), 0.25, 1e-9);
	cr_assert_float_eq(ratio_after(100, 400, 2), 0.5, 1e-9);
	cr_assert_float_eq(ratio_after(1, 1000000, 1), 1e-6, 1e-12);
}

Test(trace_limiter, keeps_all_traces_without_a_limit)
{
	struct trace_limiter limiter;

	cr_assert_eq(ratio_after(0, 1000000, 1), 1.0);
	trace_limiter__init(&limiter, 0, 0);
	cr_assert_not(trace_limiter__is_due(&limiter, 100 * SECOND_NS));
}

Test(trace_limiter, is_due_once_a_second)
{
	struct trace_limiter limiter;

	trace_limiter__init(&limiter, 100, SECOND_NS);
	cr_assert_not(trace_limiter__is_due(&limiter, 2 * SECOND_NS - 1));
	cr_assert(trace_limiter__is_due(&limiter, 2 * SECOND_NS));
}

Test(trace_limiter, counts_each_period_on_its_own)
{
	struct trace_limiter limiter;

	trace_limiter__init(&limiter, 100, 0);
	trace_limiter__end_period(&limiter, 1000, SECOND_NS);
	cr_assert_float_eq(limiter.ratio, 0.1, 1e-9);
	trace_limiter__end_period(&limiter, 1200, 2 * SECOND_NS);
	cr_assert_float_eq(limiter.ratio, 0.5, 1e-9);
	trace_limiter__end_period(&limiter, 1250, 3 * SECOND_NS);
	cr_assert_eq(limiter.ratio, 1.0);
}

Test(trace_limiter, forgets_a_burst_after_ten_calm_periods)
{
	struct trace_limiter limiter;

	trace_limiter__init(&limiter, 100, 0);
	trace_limiter__end_period(&limiter, 1000, SECOND_NS);
	cr_assert(limiter.is_reached);
	for (uint64_t period = 2; period <= 10; period++)
		trace_limiter__end_period(&limiter, 1000, period * SECOND_NS);
	cr_assert(limiter.is_reached);
	trace_limiter__end_period(&limiter, 1000, 11 * SECOND_NS);
	cr_assert_not(limiter.is_reached);
}
