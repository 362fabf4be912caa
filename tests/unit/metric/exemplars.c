// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <string.h>

#include "metric/exemplars.h"

#define OFFSET_NS INT64_C(1000000000000)

static const struct probe_bounds bounds = {.ns = {100, 1000}, .count = 2};
static struct exemplars *exemplars;
static struct arena *arena;

static void start(void)
{
	arena = arena__new(0);
	exemplars = exemplars__new(&bounds, 2);
	cr_assert_not_null(exemplars);
}

static void end(void)
{
	exemplars__free(exemplars);
	arena__free(arena);
}

TestSuite(exemplars, .init = start, .fini = end);

static void add(uint64_t route, uint64_t start_ns, uint64_t duration_ns, uint8_t id)
{
	const struct ring_span span = {.trace_id = {id},
				       .span_id = {id, 1},
				       .start_ns = start_ns,
				       .end_ns = start_ns + duration_ns};
	const struct ring_http_request request = {
		.route = route, .status = 200, .method = METHOD_GET};

	exemplars__add(exemplars, &span, &request, OFFSET_NS);
}

/* The exemplars of a route's label set at a monotonic time. */
static struct metric_histogram at(uint64_t time_ns, uint64_t route)
{
	struct metric_set *set = metric_set__new(arena, 1, time_ns + (uint64_t)OFFSET_NS);
	struct metric_histogram histogram = {.bound_count = bounds.count};
	const struct http_key key = {
		.route = route,
		.status = route == ROUTE_OVERFLOW ? 0 : 200,
		.method = route == ROUTE_OVERFLOW ? 0 : METHOD_GET,
	};

	exemplars__attach(exemplars, &key, set, &histogram);
	return histogram;
}

static void assert_ids(uint64_t route, const char *ids)
{
	struct metric_histogram histogram = at(10000, route);

	cr_assert_eq(histogram.exemplar_count, strlen(ids));
	for (size_t i = 0; i < histogram.exemplar_count; i++)
		cr_assert_eq(histogram.exemplars[i].trace_id[0], (uint8_t)ids[i]);
}

Test(exemplars, value_time_and_ids)
{
	struct metric_histogram histogram;

	add(5, 1000, 101, 'a');
	histogram = at(2000, 5);
	cr_assert_eq(histogram.exemplar_count, 1u);
	cr_assert_float_eq(histogram.exemplars[0].value, 101e-9, 1e-15);
	cr_assert_eq(histogram.exemplars[0].time_ns, 1101 + (uint64_t)OFFSET_NS);
	cr_assert_eq(histogram.exemplars[0].span_id[0], 'a');
	cr_assert_eq(histogram.exemplars[0].span_id[1], 1);
}

/* A value on a bound belongs to the bucket below, as on the kernel side; the last bucket is open. */
Test(exemplars, the_latest_of_each_bucket)
{
	add(5, 1, 100, 'a');
	add(5, 2, 101, 'b');
	add(5, 3, 1001, 'c');
	assert_ids(5, "abc");
	add(5, 4, 1000, 'd');
	assert_ids(5, "adc");
	assert_ids(6, "");
}

Test(exemplars, reading_does_not_empty_the_store)
{
	add(5, 1, 50, 'a');
	assert_ids(5, "a");
	assert_ids(5, "a");
}

Test(exemplars, old_ones_are_not_reported)
{
	add(5, 1, 9, 'a');
	cr_assert_eq(at(10 + EXEMPLAR_AGE_NS, 5).exemplar_count, 1u);
	cr_assert_eq(at(11 + EXEMPLAR_AGE_NS, 5).exemplar_count, 0u);
	/* A new request brings the bucket back. */
	add(5, 11 + EXEMPLAR_AGE_NS, 1, 'b');
	cr_assert_eq(at(12 + EXEMPLAR_AGE_NS, 5).exemplar_count, 1u);
}

Test(exemplars, beyond_the_limit_belong_to_the_overflow_set)
{
	add(5, 1, 50, 'a');
	add(6, 1, 50, 'b');
	add(7, 1, 50, 'c');
	add(8, 2, 500, 'd');
	add(5, 3, 50, 'e');
	assert_ids(5, "e");
	assert_ids(6, "b");
	assert_ids(7, "");
	assert_ids(ROUTE_OVERFLOW, "cd");
}
