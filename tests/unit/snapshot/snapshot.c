// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "snapshot/snapshot.h"

#include <criterion/criterion.h>

static const struct plan plan;

Test(snapshot, keeps_all_label_sets_while_it_grows)
{
	struct arena *arena = arena__new(0);
	struct snapshot *snapshot = snapshot__new(arena, &plan);

	for (uint64_t i = 0; i < 1000; i++) {
		struct snapshot_series *series = snapshot__add_series(snapshot);
		struct snapshot_rate_limit *limit = snapshot__add_rate_limit(snapshot);

		cr_assert_eq(series->key.route, 0u, "new elements are zeroed");
		series->key.route = i;
		limit->count = 2 * i;
	}
	cr_assert_eq(snapshot->series_count, 1000u);
	cr_assert_eq(snapshot->rate_limit_count, 1000u);
	for (uint64_t i = 0; i < 1000; i++) {
		cr_assert_eq(snapshot->series[i].key.route, i);
		cr_assert_eq(snapshot->rate_limits[i].count, 2 * i);
	}
	arena__free(arena);
}

Test(snapshot, says_when_memory_is_out)
{
	struct arena *arena = arena__new(sizeof(struct snapshot) + (size_t)256 * 1024);
	struct snapshot *snapshot = snapshot__new(arena, &plan);
	size_t count = 0;

	cr_assert_not_null(snapshot);
	while (count < 100000 && snapshot__add_series(snapshot))
		count++;
	cr_assert_lt(count, 100000u);
	cr_assert(arena__failed(arena));
	cr_assert_eq(snapshot->series_count, count);
	arena__free(arena);
}

Test(snapshot, open_spans_are_never_negative)
{
	struct arena *arena = arena__new(0);
	struct snapshot *snapshot = snapshot__new(arena, &plan);

	snapshot->totals.counters.events[EVENT_SPANS_STARTED] = 7;
	snapshot->totals.counters.events[EVENT_SPANS_ENDED] = 5;
	cr_assert_eq(snapshot__open_spans(snapshot), 2u);
	/* One CPU's count was read before the other's. */
	snapshot->totals.counters.events[EVENT_SPANS_ENDED] = 8;
	cr_assert_eq(snapshot__open_spans(snapshot), 0u);
	arena__free(arena);
}

Test(snapshot, a_value_on_a_bound_is_in_the_bucket_below)
{
	static const struct histogram_bounds bounds = {.ns = {100, 1000}, .count = 2};

	cr_assert_eq(histogram_bounds__bucket(&bounds, 0), 0u);
	cr_assert_eq(histogram_bounds__bucket(&bounds, 100), 0u);
	cr_assert_eq(histogram_bounds__bucket(&bounds, 101), 1u);
	cr_assert_eq(histogram_bounds__bucket(&bounds, 1000), 1u);
	cr_assert_eq(histogram_bounds__bucket(&bounds, 1001), 2u);
}
