// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "snapshot/peak_history.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct peak_history history;

static void start(void)
{
	history.count = 0;
}

TestSuite(peak_history, .init = start);

Test(peak_history, is_empty_at_first)
{
	cr_assert_eq(peak_history__since(&history, 0), 0u);
}

Test(peak_history, gives_each_reader_the_peak_of_its_own_interval)
{
	peak_history__add(&history, 10, 500);
	peak_history__add(&history, 20, 300);
	peak_history__add(&history, 30, 400);
	peak_history__add(&history, 40, 100);
	cr_assert_eq(peak_history__since(&history, 0), 500u);
	cr_assert_eq(peak_history__since(&history, 9), 500u);
	cr_assert_eq(peak_history__since(&history, 10), 400u);
	cr_assert_eq(peak_history__since(&history, 20), 400u);
	cr_assert_eq(peak_history__since(&history, 29), 400u);
	cr_assert_eq(peak_history__since(&history, 30), 100u);
	cr_assert_eq(peak_history__since(&history, 40), 0u);
}

Test(peak_history, an_equal_peak_replaces_the_earlier_one)
{
	peak_history__add(&history, 10, 7);
	peak_history__add(&history, 20, 7);
	cr_assert_eq(history.count, 1u);
	cr_assert_eq(peak_history__since(&history, 15), 7u);
	cr_assert_eq(peak_history__since(&history, 0), 7u);
}

/* The answer for every reader is that of a search of all intervals. */
Test(peak_history, agrees_with_a_full_search)
{
	enum {
		INTERVALS = 300
	};
	uint64_t values[INTERVALS];

	srand(1);
	for (uint64_t i = 0; i < INTERVALS; i++) {
		values[i] = (uint64_t)rand() % 1000;
		peak_history__add(&history, i + 1, values[i]);
		for (uint64_t since = 0; since <= i; since++) {
			uint64_t highest = 0;

			for (uint64_t j = since; j <= i; j++)
				highest = values[j] > highest ? values[j] : highest;
			cr_assert_eq(peak_history__since(&history, since), highest);
		}
	}
}

/* A full history forgets where the oldest intervals ended, never how high they were. */
Test(peak_history, merges_the_oldest_intervals_when_full)
{
	uint64_t count = PEAK_HISTORY_LIMIT + 3;

	for (uint64_t i = 1; i <= count; i++)
		peak_history__add(&history, i, 10000 - i);
	cr_assert_eq(history.count, (size_t)PEAK_HISTORY_LIMIT);
	cr_assert_eq(peak_history__since(&history, 0), 9999u);
	cr_assert_eq(peak_history__since(&history, 3), 9999u, "merged with the first interval");
	cr_assert_eq(peak_history__since(&history, 4), 9995u);
	cr_assert_eq(peak_history__since(&history, count - 1), 10000 - count);
}
