// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>

#include "base/token_bucket.h"

Test(token_bucket, a_burst_and_then_the_rate)
{
	struct token_bucket bucket = {.interval_ns = 100, .burst = 3};
	uint64_t now_ns = 5000;

	for (int i = 0; i < 3; i++) {
		cr_assert_eq(token_bucket__delay_ns(&bucket, now_ns), 0u);
		cr_assert(token_bucket__take(&bucket, now_ns));
	}
	cr_assert_not(token_bucket__take(&bucket, now_ns));
	cr_assert_eq(token_bucket__delay_ns(&bucket, now_ns), 100u);
	cr_assert_not(token_bucket__take(&bucket, now_ns + 99));
	for (uint64_t i = 1; i <= 10; i++) {
		cr_assert(token_bucket__take(&bucket, now_ns + 100 * i));
		cr_assert_not(token_bucket__take(&bucket, now_ns + 100 * i));
	}
}

Test(token_bucket, a_rest_fills_the_bucket_and_no_more)
{
	struct token_bucket bucket = {.interval_ns = 100, .burst = 3};
	int taken = 0;

	cr_assert(token_bucket__take(&bucket, 1000));
	while (token_bucket__take(&bucket, 1000000))
		taken++;
	cr_assert_eq(taken, 3);
}

Test(token_bucket, a_refused_event_takes_no_token)
{
	struct token_bucket bucket = {.interval_ns = 100, .burst = 1};

	cr_assert(token_bucket__take(&bucket, 10));
	for (uint64_t now_ns = 11; now_ns < 110; now_ns++)
		cr_assert_not(token_bucket__take(&bucket, now_ns));
	cr_assert(token_bucket__take(&bucket, 110));
}
