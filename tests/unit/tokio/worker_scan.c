// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tokio/worker_scan.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <unistd.h>

/* This process is the target. No address is that of worker code. */

static uint64_t no_stack(void *context, pid_t tid)
{
	(void)context;
	(void)tid;
	return 0;
}

static int scan(struct budget *budget, struct error *error)
{
	const struct process target = {.pid = getpid()};
	const struct tokio tokio = {.worker_code_count = 0};

	return tokio_scan_workers(&target, &tokio, 0, no_stack, NULL, budget, error);
}

Test(tokio_worker_scan, threads_without_worker_code)
{
	struct budget budget;
	struct error error = {0};

	budget__init(&budget);
	cr_expect_eq(scan(&budget, &error), 0, "%s", error.message);
	cr_expect_geq(budget.spent[BUDGET_CANDIDATES], 1);
}

/* A server can have so many threads that a look at all of them takes seconds. */
Test(tokio_worker_scan, a_scan_above_its_budget_ends)
{
	struct budget budget;
	struct error error = {0};

	budget__init(&budget);
	budget.limits[BUDGET_CANDIDATES] = 0;
	cr_expect_eq(scan(&budget, &error), -EDQUOT);
	cr_expect_str_eq(error.message, "the search for workers exceeds the limit of 0 possible "
					"tasks and runtimes");
}
