// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "govern/span_rate.h"

#include <criterion/criterion.h>

#define SECOND_NS UINT64_C(1000000000)

/* The share after a period of so many seconds in which so many spans began. */
static double share_after(uint64_t limit, uint64_t spans, double seconds)
{
	struct span_rate rate = {.limit = limit, .share = 0.5};

	span_rate__begin(&rate, 1000, 5 * SECOND_NS);
	span_rate__end(&rate, 1000 + spans, 5 * SECOND_NS + (uint64_t)(seconds * SECOND_NS));
	return rate.share;
}

Test(span_rate, keeps_all_within_the_limit)
{
	cr_assert_eq(share_after(100, 0, 1), 1.0);
	cr_assert_eq(share_after(100, 100, 1), 1.0);
	cr_assert_eq(share_after(100, 200, 2), 1.0);
}

Test(span_rate, keeps_the_share_that_the_limit_is_of_all)
{
	cr_assert_float_eq(share_after(100, 400, 1), 0.25, 1e-9);
	cr_assert_float_eq(share_after(100, 400, 2), 0.5, 1e-9);
	cr_assert_float_eq(share_after(1, 1000000, 1), 1e-6, 1e-12);
}

Test(span_rate, has_no_limit_where_none_is_meant)
{
	cr_assert_eq(share_after(0, 1000000, 1), 1.0);
}

Test(span_rate, counts_each_period_for_itself)
{
	struct span_rate rate = {.limit = 100, .share = 1};

	span_rate__begin(&rate, 0, 0);
	span_rate__end(&rate, 1000, SECOND_NS);
	cr_assert_float_eq(rate.share, 0.1, 1e-9);
	span_rate__end(&rate, 1200, 2 * SECOND_NS);
	cr_assert_float_eq(rate.share, 0.5, 1e-9);
	span_rate__end(&rate, 1250, 3 * SECOND_NS);
	cr_assert_eq(rate.share, 1.0);
}
