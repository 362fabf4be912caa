// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "govern/governor.h"

#include <criterion/criterion.h>

#define SECOND_NS UINT64_C(1000000000)

/* A second of two CPUs, in which polls were watched for that ratio and cost that much, in percent. */
static struct governor_period period_of(double watched, double polls, double others)
{
	return (struct governor_period){
		.length_ns = SECOND_NS,
		.enabled_ns = (uint64_t)(watched * SECOND_NS),
		.capacity_ns = 2 * SECOND_NS,
		.polls_cost_ns = (uint64_t)(polls / 100 * 2 * SECOND_NS),
		.other_cost_ns = (uint64_t)(others / 100 * 2 * SECOND_NS),
	};
}

static double decide(double ratio, const struct governor_period *period)
{
	struct governor governor = {.limit = 0.03, .ratio = ratio};

	governor__decide(&governor, period);
	return governor.ratio;
}

Test(governor, watches_all_within_the_limit)
{
	struct governor_period period = period_of(1, 1.5, 1.4);
	struct governor governor = {.limit = 0.03, .ratio = 1};

	governor__decide(&governor, &period);
	cr_assert_eq(governor.ratio, 1.0);
	cr_assert_float_eq(governor.overhead, 0.029, 1e-9);
}

Test(governor, gives_polls_what_the_others_leave)
{
	struct governor_period period = period_of(1, 8, 1);

	cr_assert_float_eq(decide(1, &period), 0.25, 1e-9);
	/* What a ratio of the time cost tells what all of it would. */
	period = period_of(0.25, 2, 1);
	cr_assert_float_eq(decide(0.25, &period), 0.25, 1e-9);
	period = period_of(0.5, 2, 1);
	cr_assert_float_eq(decide(0.5, &period), 0.5, 1e-9);
	period = period_of(0.25, 4, 1);
	cr_assert_float_eq(decide(0.25, &period), 0.125, 1e-9);
}

Test(governor, never_stops_watching_altogether)
{
	struct governor_period period = period_of(1, 8, 5);

	cr_assert_eq(decide(1, &period), GOVERNOR_LEAST_RATIO);
	period = period_of(1, 300, 1);
	cr_assert_eq(decide(1, &period), GOVERNOR_LEAST_RATIO);
}

Test(governor, watches_all_again_only_where_there_is_room)
{
	/* All polls would take 2.0 %, just as much as there is. */
	struct governor_period period = period_of(0.5, 1, 1);

	cr_assert_eq(decide(1, &period), 1.0);
	cr_assert_float_eq(decide(0.5, &period), 0.8, 1e-9);
	/* 1.6 % of 2.0. */
	period = period_of(0.5, 0.79, 1);
	cr_assert_eq(decide(0.5, &period), 1.0);
	period = period_of(0.5, 0, 0);
	cr_assert_eq(decide(0.5, &period), 1.0);
}

Test(governor, decides_nothing_on_what_it_has_not_seen)
{
	struct governor_period period = period_of(0, 0, 1);

	cr_assert_eq(decide(0.5, &period), 0.5);
	period = (struct governor_period){0};
	cr_assert_eq(decide(0.5, &period), 0.5);
}

Test(governor, without_a_limit_watches_all)
{
	struct governor_period period = period_of(0.1, 50, 50);
	struct governor governor = {.limit = 0, .ratio = 0.1};

	governor__decide(&governor, &period);
	cr_assert_eq(governor.ratio, 1.0);
	cr_assert_float_eq(governor.overhead, 1.0, 1e-9);
}

Test(governor, leaves_polls_alone_where_they_hardly_cost)
{
	struct governor_period period = period_of(1, 1, 25);

	cr_assert_eq(decide(1, &period), 1.0);
	period = period_of(1, 3, 25);
	cr_assert_eq(decide(1, &period), GOVERNOR_LEAST_RATIO);
	/* Sampled polls stay sampled until they cost even less. */
	period = period_of(GOVERNOR_LEAST_RATIO, 2 * GOVERNOR_LEAST_RATIO, 25);
	cr_assert_eq(decide(GOVERNOR_LEAST_RATIO, &period), GOVERNOR_LEAST_RATIO);
	period = period_of(GOVERNOR_LEAST_RATIO, 1 * GOVERNOR_LEAST_RATIO, 25);
	cr_assert_eq(decide(GOVERNOR_LEAST_RATIO, &period), 1.0);
}

Test(governor, keeps_sampling_where_some_windows_have_no_polls)
{
	struct governor governor = {.limit = 0.03, .ratio = 1};
	struct governor_period busy = period_of(1, 20, 25);
	struct governor_period sampled = period_of(GOVERNOR_LEAST_RATIO, 0.4, 25);
	struct governor_period empty = period_of(GOVERNOR_LEAST_RATIO, 0, 25);

	governor__decide(&governor, &busy);
	for (int i = 0; i < 100; i++) {
		governor__decide(&governor, i % 4 ? &empty : &sampled);
		cr_assert_eq(governor.ratio, GOVERNOR_LEAST_RATIO, "period %d", i);
	}
}

Test(governor, leaves_polls_alone_once_they_no_longer_cost)
{
	struct governor governor = {.limit = 0.03, .ratio = 1};
	struct governor_period busy = period_of(1, 20, 25);
	struct governor_period empty = period_of(GOVERNOR_LEAST_RATIO, 0, 25);
	int periods = 0;

	governor__decide(&governor, &busy);
	cr_assert_eq(governor.ratio, GOVERNOR_LEAST_RATIO);
	while (governor.ratio < 1 && periods++ < 30)
		governor__decide(&governor, &empty);
	cr_assert_eq(governor.ratio, 1.0);
	cr_assert_geq(periods, 4, "%d", periods);
}

Test(governor, needs_more_than_few_events_to_leave_polls_alone)
{
	struct governor governor = {.limit = 1e-6, .ratio = 1};
	struct governor_period busy = period_of(1, 20, 25);
	struct governor_period few = period_of(GOVERNOR_LEAST_RATIO, 0.01, 0.2);

	governor__decide(&governor, &busy);
	cr_assert_eq(governor.ratio, GOVERNOR_LEAST_RATIO);
	/* The evidence of the busy period fades. */
	for (int i = 0; i < 40; i++)
		governor__decide(&governor, &few);
	few.polls_cost_ns = 0;
	for (int i = 0; i < 100; i++) {
		governor__decide(&governor, &few);
		cr_assert_eq(governor.ratio, GOVERNOR_LEAST_RATIO, "period %d", i);
	}
}
