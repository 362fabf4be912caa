// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "metric/metric.h"

static const struct metric_description requests = {
	.name = "http.requests", .unit = "{request}", .help = "requests", .kind = METRIC_COUNTER};
static const struct metric_description memory = {
	.name = "memory.rss", .unit = "By", .help = "resident", .kind = METRIC_GAUGE};

static struct metric_set *new_set(void)
{
	struct metric_set *set = metric_set__new(arena__new(0), 100, 200);

	cr_assert_not_null(set);
	return set;
}

Test(metric_set, is_empty_at_first)
{
	struct metric_set *set = new_set();

	cr_assert_eq(set->start_ns, 100);
	cr_assert_eq(set->time_ns, 200);
	cr_assert_eq(set->metric_count, 0);
	cr_assert_null(set->metrics);
	arena__free(set->arena);
}

Test(metric_set, metrics_keep_their_order)
{
	struct metric_set *set = new_set();
	struct metric *first = metric_set__metric(set, &requests);
	struct metric *second = metric_set__metric(set, &memory);

	cr_assert_eq(metric_set__metric(set, &requests), first);
	cr_assert_eq(metric_set__metric(set, &memory), second);
	cr_assert_eq(set->metric_count, 2);
	cr_assert_eq(set->metrics, first);
	cr_assert_eq(first->next, second);
	cr_assert_null(second->next);
	cr_assert_eq(first->description, &requests);
	arena__free(set->arena);
}

Test(metric_set, points_keep_their_order)
{
	struct metric_set *set = new_set();
	struct metric *metric = metric_set__metric(set, &requests);

	for (int i = 0; i < 3; i++)
		metric_set__point(set, metric, NULL, 0)->integer = i;
	cr_assert_eq(metric->point_count, 3);

	int64_t expected = 0;

	for (const struct metric_point *point = metric->points; point; point = point->next)
		cr_assert_eq(point->integer, expected++);
	cr_assert_eq(expected, 3);
	arena__free(set->arena);
}

Test(metric_set, attributes_are_copied)
{
	struct metric_set *set = new_set();
	char key[] = "method";
	char value[] = "GET";
	struct metric_attribute attributes[] = {{key, value}, {"status", "200"}};
	struct metric_point *point =
		metric_set__point(set, metric_set__metric(set, &requests), attributes, 2);

	memset(key, 'x', sizeof(key) - 1);
	memset(value, 'x', sizeof(value) - 1);
	attributes[1].value = "500";
	cr_assert_eq(point->attribute_count, 2);
	cr_assert_str_eq(point->attributes[0].key, "method");
	cr_assert_str_eq(point->attributes[0].value, "GET");
	cr_assert_str_eq(point->attributes[1].key, "status");
	cr_assert_str_eq(point->attributes[1].value, "200");
	cr_assert_eq(point->integer, 0);
	cr_assert_not(point->is_real);
	cr_assert_not(point->is_overflow);
	arena__free(set->arena);
}

Test(metric_set, single_values)
{
	struct metric_set *set = new_set();

	metric_set__add_integer(set, &requests, -7);
	metric_set__add_real(set, &memory, 0.5);
	cr_assert_eq(set->metrics->points->integer, -7);
	cr_assert_not(set->metrics->points->is_real);
	cr_assert_eq(set->metrics->next->points->real, 0.5);
	cr_assert(set->metrics->next->points->is_real);
	cr_assert_eq(set->metrics->next->points->attribute_count, 0);
	arena__free(set->arena);
}

/* A set that does not fit is never half right without a word: the arena knows. */
Test(metric_set, out_of_memory)
{
	struct arena *arena = arena__new((size_t)64 * 1024);
	struct metric_set *set = metric_set__new(arena, 1, 2);
	struct metric_attribute attribute = {"key", "value"};
	struct metric *metric = metric_set__metric(set, &requests);
	size_t points = 0;

	while (metric_set__point(set, metric, &attribute, 1))
		cr_assert_lt(points++, 64 * 1024);
	cr_assert_gt(points, 0);
	cr_assert_eq(metric->point_count, points);
	cr_assert(arena__failed(arena));
	/* The rest has room for something that is smaller than a point. */
	while (arena__alloc(arena, 1))
		;
	cr_assert_null(metric_set__metric(set, &memory));
	cr_assert_null(metric_set__point(set, NULL, NULL, 0));
	metric_set__add_integer(set, &memory, 1);
	metric_set__add_real(set, &memory, 1);
	cr_assert_eq(set->metric_count, 1);
	cr_assert_null(metric_set__new(arena, 1, 2));
	arena__free(arena);
}

static const double bounds[] = {0.1, 0.2, 0.5};

static double quantile(const uint64_t counts[4], double share)
{
	struct metric_histogram histogram = {
		.bounds = bounds,
		.bound_count = 3,
		.bucket_counts = counts,
		.count = counts[0] + counts[1] + counts[2] + counts[3],
	};

	return metric_histogram__quantile(&histogram, share);
}

static void assert_near(double value, double expected)
{
	cr_assert_float_eq(value, expected, 1e-12, "%.17g is not %.17g", value, expected);
}

Test(metric_histogram, quantile_within_a_bucket)
{
	static const uint64_t one_bucket[] = {0, 10, 0, 0};
	static const uint64_t spread[] = {10, 10, 20, 0};

	assert_near(quantile(one_bucket, 0.5), 0.15);
	assert_near(quantile(one_bucket, 0.9), 0.19);
	assert_near(quantile(one_bucket, 0), 0.1);
	assert_near(quantile(one_bucket, 1), 0.2);
	assert_near(quantile(spread, 0.125), 0.05);
	assert_near(quantile(spread, 0.25), 0.1);
	assert_near(quantile(spread, 0.5), 0.2);
	assert_near(quantile(spread, 0.75), 0.35);
	assert_near(quantile(spread, 1), 0.5);
}

Test(metric_histogram, quantile_skips_empty_buckets)
{
	static const uint64_t counts[] = {1, 0, 1, 0};

	assert_near(quantile(counts, 0.5), 0.1);
	assert_near(quantile(counts, 0.75), 0.35);
}

Test(metric_histogram, quantile_above_the_last_bound)
{
	static const uint64_t counts[] = {1, 0, 0, 9};

	assert_near(quantile(counts, 0.05), 0.05);
	assert_near(quantile(counts, 0.5), 0.5);
	assert_near(quantile(counts, 1), 0.5);
}

Test(metric_histogram, quantile_of_nothing)
{
	static const uint64_t counts[] = {0, 0, 0, 0};
	struct metric_histogram without_bounds = {.bucket_counts = counts, .count = 3};

	cr_assert(isnan(quantile(counts, 0.5)));
	cr_assert(isnan(metric_histogram__quantile(&without_bounds, 0.5)));
}
