// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "govern/estimate.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "base/cleanup.h"

#define SECOND_NS UINT64_C(1000000000)
#define KIND	  3

/* Adds what happens in a period: so many polls in each of two buckets, of a microsecond in all. */
static void happen(struct snapshot_totals *totals, uint64_t polls)
{
	struct task_totals *kind = &totals->tasks[KIND];

	kind->polls.buckets[0] += polls;
	kind->polls.buckets[HISTOGRAM_BOUNDS] += polls;
	kind->polls.sum_ns += 1000 * polls;
	kind->slow_polls += polls;
	kind->started += polls;
	kind->ended += polls;
	totals->schedule.scheduled += 2 * polls;
	totals->schedule.idle.buckets[1] += polls;
	totals->schedule.first_poll.buckets[2] += polls;
}

static struct estimate *new_estimate(void)
{
	struct estimate *estimate = calloc(1, sizeof(*estimate));

	cr_assert_not_null(estimate);
	return estimate;
}

Test(estimate, adds_nothing_where_all_was_watched)
{
	_cleanup_free_ struct estimate *estimate = new_estimate();
	struct snapshot_totals totals = {0}, told;

	estimate__begin(estimate, &totals);
	happen(&totals, 1000);
	estimate__end(estimate, &totals, SECOND_NS, SECOND_NS);
	told = totals;
	estimate__add(estimate, &told);
	cr_assert_arr_eq(&told, &totals, sizeof(told));
}

Test(estimate, tells_as_many_more_as_the_time_that_was_missed)
{
	_cleanup_free_ struct estimate *estimate = new_estimate();
	struct snapshot_totals totals = {0};
	const struct task_totals *kind = &totals.tasks[KIND];

	/* From before: nothing of that was missed. */
	happen(&totals, 7);
	estimate__begin(estimate, &totals);
	happen(&totals, 100);
	estimate__end(estimate, &totals, SECOND_NS, SECOND_NS / 4);
	estimate__add(estimate, &totals);
	cr_assert_eq(kind->polls.buckets[0], 407);
	cr_assert_eq(kind->polls.buckets[HISTOGRAM_BOUNDS], 407);
	cr_assert_eq(kind->polls.sum_ns, 407000);
	cr_assert_eq(kind->slow_polls, 407);
	cr_assert_eq(totals.schedule.scheduled, 814);
	cr_assert_eq(totals.schedule.idle.buckets[1], 407);
	cr_assert_eq(totals.schedule.first_poll.buckets[2], 407);
	/* These are seen always. */
	cr_assert_eq(kind->started, 107);
	cr_assert_eq(kind->ended, 107);
	cr_assert_eq(totals.tasks[KIND + 1].polls.buckets[0], 0);
}

Test(estimate, adds_up_and_never_goes_down)
{
	_cleanup_free_ struct estimate *estimate = new_estimate();
	struct snapshot_totals totals = {0};
	uint64_t before = 0;

	estimate__begin(estimate, &totals);
	for (uint64_t period = 1; period <= 20; period++) {
		struct snapshot_totals told;

		happen(&totals, 10);
		told = totals;
		estimate__add(estimate, &told);
		cr_assert_geq(told.tasks[KIND].polls.buckets[0], before);
		/* Watched whole in every other one. */
		estimate__end(estimate, &totals, SECOND_NS, period % 2 ? SECOND_NS / 2 : SECOND_NS);
		told = totals;
		estimate__add(estimate, &told);
		cr_assert_geq(told.tasks[KIND].polls.buckets[0], before);
		before = told.tasks[KIND].polls.buckets[0];
	}
	cr_assert_eq(before, 10 * 20 + 10 * 10);
}

Test(estimate, says_nothing_of_a_period_without_a_turn)
{
	_cleanup_free_ struct estimate *estimate = new_estimate();
	struct snapshot_totals totals = {0};

	estimate__begin(estimate, &totals);
	estimate__end(estimate, &totals, SECOND_NS, 0);
	happen(&totals, 1);
	/* A turn that is told to be longer than its period is no reason to take anything away. */
	estimate__end(estimate, &totals, SECOND_NS, 2 * SECOND_NS);
	estimate__add(estimate, &totals);
	cr_assert_eq(totals.tasks[KIND].polls.buckets[0], 1);
}
