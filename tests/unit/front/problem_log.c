// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "front/problem_log.h"

#include <criterion/criterion.h>

#include "base/clock.h"

Test(problem_log, each_change_is_told_once)
{
	struct problem_log log;
	uint64_t untold = 99;

	problem_log__init(&log);
	cr_assert_not(problem_log__update(&log, false, NS_PER_S, &untold));
	cr_assert(problem_log__update(&log, true, 2 * NS_PER_S, &untold));
	cr_assert_eq(untold, 0);
	cr_assert_not(problem_log__update(&log, true, 3 * NS_PER_S, &untold));
	cr_assert(problem_log__update(&log, false, 4 * NS_PER_S, &untold));
	cr_assert_eq(untold, 0);
}

/* A collector that flaps each second for an hour. */
Test(problem_log, a_collector_that_flaps_writes_bounded_lines)
{
	struct problem_log log;
	uint64_t lines = 0, untold, told = 0;

	problem_log__init(&log);
	for (uint64_t second = 1; second <= 3600; second++) {
		if (problem_log__update(&log, second % 2, second * NS_PER_S, &untold)) {
			lines++;
			told += 1 + untold;
		}
	}
	cr_assert_leq(lines, PROBLEM_LOG_BURST + 60);
	cr_assert_geq(lines, 60);
	cr_assert_eq(told + log.untold, 3600);
}

/* A line reports a state later if the limit delayed the line and the state lasts. */
Test(problem_log, the_last_line_becomes_the_truth)
{
	struct problem_log log;
	uint64_t untold = 0, second = 1;
	bool is_told = false;

	problem_log__init(&log);
	for (; second <= 2 * PROBLEM_LOG_BURST; second++)
		problem_log__update(&log, second % 2, second * NS_PER_S, &untold);
	for (; !is_told && second < 200; second++)
		is_told = problem_log__update(&log, true, second * NS_PER_S, &untold);
	cr_assert(is_told);
	cr_assert_gt(untold, 0);
	cr_assert_not(problem_log__update(&log, true, 10000 * NS_PER_S, &untold));
}
