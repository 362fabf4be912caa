// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>

#include "front/statistics.h"

Test(front_statistics, counts_rise)
{
	struct front_statistics known = {.scrapes = 5, .exporter.spans_sent = 7};
	const struct front_statistics received = {
		.scrapes = 6, .exporter = {.spans_sent = 9, .queue_bytes = 100}};

	front_statistics__raise(&known, &received);
	cr_assert_eq(known.scrapes, 6u);
	cr_assert_eq(known.exporter.spans_sent, 9u);
	cr_assert_eq(known.exporter.queue_bytes, 100u);
}

Test(front_statistics, counts_that_became_less_are_ignored)
{
	struct front_statistics known = {.scrapes = 5,
					 .exporter = {.spans_sent = 7, .queue_bytes = 100}};
	const struct front_statistics received = {.scrape_failures = 1};

	front_statistics__raise(&known, &received);
	cr_assert_eq(known.scrapes, 5u);
	cr_assert_eq(known.scrape_failures, 1u);
	cr_assert_eq(known.exporter.spans_sent, 7u);
	/* The size of a queue is no count. */
	cr_assert_eq(known.exporter.queue_bytes, 0u);
}

Test(front_statistics, counts_are_limited)
{
	struct front_statistics known = {0}, before = {0}, sum;
	const struct front_statistics received = {.scrapes = UINT64_MAX,
						  .exporter = {.spans_dropped_expired = UINT64_MAX,
							       .spans_sent = 3,
							       .queue_bytes = UINT64_MAX}};

	for (int i = 0; i < 3; i++) {
		front_statistics__raise(&known, &received);
		sum = front_statistics__sum(&before, &known);
		cr_assert_eq(sum.scrapes, FRONT_STATISTICS_LIMIT);
		cr_assert_eq(sum.exporter.spans_dropped_expired, FRONT_STATISTICS_LIMIT);
		cr_assert_eq(sum.exporter.queue_bytes, FRONT_STATISTICS_LIMIT);
		cr_assert_eq(sum.exporter.spans_sent, 3u * (unsigned int)(i + 1));
		before = sum;
		known = (struct front_statistics){0};
	}
}
