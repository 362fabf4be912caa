// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/budget.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

Test(budget, lasts_up_to_each_limit)
{
	for (int kind = 0; kind < BUDGET_NANOSECONDS; kind++) {
		struct error error = {0};
		struct budget budget;

		budget__init(&budget);
		cr_expect_gt(budget.limits[kind], 0);
		cr_expect_eq(budget__spend(&budget, (enum budget_kind)kind, budget.limits[kind]),
			     0);
		cr_expect_eq(budget__check(&budget, "x", &error), 0);
		cr_expect_eq(budget__spend(&budget, (enum budget_kind)kind, 1), -EDQUOT);
		cr_expect_eq(budget__check(&budget, "x", &error), -EDQUOT);
		cr_expect(strstr(error.message, "x exceeds the limit of "), "%s", error.message);
	}
}

Test(budget, stays_exceeded_and_names_the_first_reason)
{
	struct error error = {0};
	struct budget budget;

	budget__init(&budget);
	budget.limits[BUDGET_SYMBOLS] = 3;
	cr_expect_eq(budget__spend(&budget, BUDGET_SYMBOLS, 4), -EDQUOT);
	cr_expect_eq(budget__spend(&budget, BUDGET_POINTERS, 1), -EDQUOT);
	cr_expect_eq(budget__spend(&budget, BUDGET_POINTERS, UINT64_MAX), -EDQUOT);
	cr_expect_eq(budget__check(&budget, "the analysis", &error), -EDQUOT);
	cr_expect_str_eq(error.message, "the analysis exceeds the limit of 3 symbols");
}

Test(budget, an_amount_does_not_wrap_around)
{
	struct budget budget;

	budget__init(&budget);
	budget.limits[BUDGET_POINTERS] = UINT64_MAX - 1;
	cr_expect_eq(budget__spend(&budget, BUDGET_POINTERS, UINT64_MAX - 1), 0);
	cr_expect_eq(budget__spend(&budget, BUDGET_POINTERS, 5), -EDQUOT);
}

Test(budget, time_passes)
{
	struct error error = {0};
	struct budget budget;
	int r = 0;

	budget__init(&budget);
	budget.limits[BUDGET_NANOSECONDS] = 1000000;
	usleep(2000);
	for (int i = 0; i < 1000 && r == 0; i++)
		r = budget__spend(&budget, BUDGET_SYMBOLS, 1);
	cr_expect_eq(r, -EDQUOT);
	cr_expect_eq(budget__check(&budget, "it", &error), -EDQUOT);
	cr_expect(strstr(error.message, "seconds"), "%s", error.message);
}
