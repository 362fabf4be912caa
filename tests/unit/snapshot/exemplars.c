// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <string.h>

#include "snapshot/exemplars.h"

static const struct histogram_bounds bounds = {.ns = {100, 1000}, .count = 2};
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

static struct http_key key_of(uint64_t route)
{
	if (route == ROUTE_OVERFLOW)
		return (struct http_key){.route = route};
	return (struct http_key){.route = route, .status = 200, .method = METHOD_GET};
}

static void add(uint64_t route, uint64_t start_ns, uint64_t duration_ns, uint8_t id)
{
	const struct http_key key = key_of(route);
	const struct exemplar exemplar = {
		.duration_ns = duration_ns,
		.time_ns = start_ns + duration_ns,
		.trace_id = {id},
		.span_id = {id, 1},
	};

	exemplars__add(exemplars, &key, &exemplar);
}

/* The exemplars of a route's label set at a time. */
static size_t at(uint64_t time_ns, uint64_t route, const struct exemplar **ret_copies)
{
	const struct http_key key = key_of(route);

	return exemplars__copy(exemplars, &key, time_ns, 0, arena, ret_copies);
}

static size_t count_at(uint64_t time_ns, uint64_t route)
{
	const struct exemplar *copies;

	return at(time_ns, route, &copies);
}

static void assert_ids(uint64_t route, const char *ids)
{
	const struct exemplar *copies;
	size_t count = at(10000, route, &copies);

	cr_assert_eq(count, strlen(ids));
	for (size_t i = 0; i < count; i++)
		cr_assert_eq(copies[i].trace_id[0], (uint8_t)ids[i]);
}

Test(exemplars, duration_time_and_ids_are_copied)
{
	const struct exemplar *copies;

	add(5, 1000, 101, 'a');
	cr_assert_eq(at(2000, 5, &copies), 1u);
	cr_assert_eq(copies[0].duration_ns, 101u);
	cr_assert_eq(copies[0].time_ns, 1101u);
	cr_assert_eq(copies[0].span_id[0], 'a');
	cr_assert_eq(copies[0].span_id[1], 1);
}

/* A value on a bound belongs to the bucket below, as on the kernel side; the last bucket is open. */
Test(exemplars, each_bucket_has_its_latest_request)
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

Test(exemplars, old_exemplars_are_not_copied)
{
	add(5, 1, 9, 'a');
	cr_assert_eq(count_at(10 + EXEMPLAR_AGE_NS, 5), 1u);
	cr_assert_eq(count_at(11 + EXEMPLAR_AGE_NS, 5), 0u);
	/* A new request brings the bucket back. */
	add(5, 11 + EXEMPLAR_AGE_NS, 1, 'b');
	cr_assert_eq(count_at(12 + EXEMPLAR_AGE_NS, 5), 1u);
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

/* The wall clock is read at the copy, not at the request. */
Test(exemplars, times_follow_the_wall_clock)
{
	const struct http_key key = key_of(1);
	const struct exemplar *copies;

	add(1, 1000, 50, 1);
	cr_assert_eq(exemplars__copy(exemplars, &key, 2000, 500000, arena, &copies), 1u);
	cr_assert_eq(copies[0].time_ns, 501050u);
	cr_assert_eq(exemplars__copy(exemplars, &key, 2000, 400000, arena, &copies), 1u);
	cr_assert_eq(copies[0].time_ns, 401050u);
}
