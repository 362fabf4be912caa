// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "govern/program_time.h"

#include <criterion/criterion.h>

/* One more stretch of so many runs of so many nanoseconds each. */
static void run(struct program_time *time, uint64_t runs, uint64_t each_ns)
{
	program_time__take(time, time->runs + runs, time->run_ns + runs * each_ns);
}

Test(govern_program_time, nothing_measured)
{
	struct program_time time = {0};

	program_time__take(&time, 0, 0);
	cr_expect_eq(program_time__ns(&time), 0);
	cr_expect_not(program_time__is_settled(&time));
}

Test(govern_program_time, median_of_the_latest_stretches)
{
	struct program_time time = {0};

	run(&time, 100, 500);
	cr_expect_eq(program_time__ns(&time), 500);
	run(&time, 100, 700);
	cr_expect_eq(program_time__ns(&time), 500);
	cr_expect_not(program_time__is_settled(&time));
	run(&time, 100, 600);
	cr_expect_eq(program_time__ns(&time), 600);
	cr_expect(program_time__is_settled(&time));
	for (int i = 0; i < PROGRAM_TIME_AVERAGES; i++)
		run(&time, 100, 900);
	cr_expect_eq(program_time__ns(&time), 900);
}

/* Of 20 runs one loses its CPU for 10 ms. */
Test(govern_program_time, a_run_that_lost_its_cpu)
{
	struct program_time time = {0};

	run(&time, 20, 500);
	program_time__take(&time, time.runs + 20, time.run_ns + 19 * 500 + 10000000);
	cr_expect_eq(program_time__ns(&time), 500);
	run(&time, 20, 500);
	cr_expect_eq(program_time__ns(&time), 500);
}

/* Those of stretches that are too short on their own go together. */
Test(govern_program_time, few_runs)
{
	struct program_time time = {0};

	program_time__take(&time, 3, 3000);
	cr_expect_eq(program_time__ns(&time), 0);
	program_time__take(&time, 6, 12000);
	cr_expect_eq(program_time__ns(&time), 2000);
	program_time__take(&time, 6, 12000);
	cr_expect_eq(time.count, 1);
}
