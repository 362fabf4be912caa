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

static void add_route(struct snapshot *snapshot, uint64_t hash, uint16_t status, const char *route,
		      uint64_t count)
{
	struct snapshot_series *series = snapshot__add_series(snapshot);

	series->key = (struct http_key){.route = hash, .status = status, .method = METHOD_GET};
	series->route = route;
	series->counts.buckets[2] = count;
}

static void add_tier(struct snapshot *snapshot, const char *tier, bool is_denied, uint64_t count)
{
	*snapshot__add_rate_limit(snapshot) = (struct snapshot_rate_limit){tier, is_denied, count};
}

/* A template may look like the name of unmatched requests, and templates that are no UTF-8 look alike. */
Test(snapshot, equal_labels_are_one_label_set)
{
	struct arena *arena = arena__new(0);
	struct snapshot *snapshot = snapshot__new(arena, &plan);

	add_route(snapshot, 9, 200, "/b\xff", 1);
	add_route(snapshot, 8, 200, "/b\xfe", 2);
	add_route(snapshot, 8, 404, "/b\xfe", 4);
	add_route(snapshot, ROUTE_UNMATCHED, 200, "/unmatched", 8);
	add_route(snapshot, 7, 200, "/unmatched", 16);
	add_route(snapshot, ROUTE_OVERFLOW, 0, "/unmatched", 32);
	add_tier(snapshot, "a\xff", true, 1);
	add_tier(snapshot, "a\xfe", false, 2);
	add_tier(snapshot, "a\xfe", true, 4);
	cr_assert_eq(snapshot__join_labels(snapshot), 0);
	cr_assert_eq(snapshot->series_count, 4u);
	cr_expect_str_eq(snapshot->series[0].route, "/b\xef\xbf\xbd");
	cr_expect_eq(snapshot->series[0].counts.buckets[2], 3u);
	cr_expect_eq(snapshot->series[0].key.route, 8u);
	cr_expect_str_eq(snapshot->series[1].route, "/unmatched");
	cr_expect_eq(snapshot->series[1].counts.buckets[2], 24u);
	cr_expect_eq(snapshot->series[2].key.status, 404);
	cr_expect_eq(snapshot->series[3].key.route, ROUTE_OVERFLOW);
	cr_assert_eq(snapshot->rate_limit_count, 2u);
	cr_expect_eq(snapshot->rate_limits[0].count, 2u);
	cr_expect_eq(snapshot->rate_limits[1].count, 5u);
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
