// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <math.h>

#include "base/array.h"
#include "collected.h"

static const struct histogram_bounds three = {.ns = {1000, 2500000, 3000000000}, .count = 3};

Test(metric_collect_histogram, counts_of_nanoseconds_become_seconds)
{
	struct collection *collection = collection_new();
	const struct histogram_counts counts = {.sum_ns = 4500000001, .buckets = {5, 0, 7, 2}};
	const struct metric_histogram *histogram;

	metric_add_histogram(collection->set, METRIC_ID_TOKIO_POLL_DURATION, &counts, &three);
	histogram = &only(collection->set, METRIC_ID_TOKIO_POLL_DURATION)->histogram;
	cr_assert_eq(histogram->bound_count, 3);
	cr_assert_float_eq(histogram->bounds[0], 1e-6, 1e-18);
	cr_assert_float_eq(histogram->bounds[1], 0.0025, 1e-15);
	cr_assert_float_eq(histogram->bounds[2], 3, 1e-12);
	cr_assert_eq(histogram->bucket_counts[0], 5);
	cr_assert_eq(histogram->bucket_counts[1], 0);
	cr_assert_eq(histogram->bucket_counts[2], 7);
	cr_assert_eq(histogram->bucket_counts[3], 2);
	cr_assert_eq(histogram->count, 14);
	cr_assert_float_eq(histogram->sum, 4.500000001, 1e-12);
	collection_free(collection);
}

/* The kernel counts by all bounds that there is room for; those not used are the highest number. */
Test(metric_collect_histogram, nothing_counted_is_left_out)
{
	struct collection *collection = collection_new();
	struct histogram_counts counts = {.sum_ns = 1};
	const struct metric_histogram *histogram;
	uint64_t total = 0, in_buckets = 0;

	for (size_t i = 0; i <= HISTOGRAM_BOUNDS; i++)
		total += counts.buckets[i] = i + 1;
	metric_add_histogram(collection->set, METRIC_ID_TOKIO_POLL_DURATION, &counts, &three);
	histogram = &only(collection->set, METRIC_ID_TOKIO_POLL_DURATION)->histogram;
	for (size_t i = 0; i <= histogram->bound_count; i++)
		in_buckets += histogram->bucket_counts[i];
	cr_assert_eq(in_buckets, total);
	cr_assert_eq(histogram->count, total);
	cr_assert_eq(histogram_counts__total(&counts), total);
	cr_assert_eq(histogram->bucket_counts[2], 3);
	collection_free(collection);
}

Test(metric_collect_histogram, bounds_ascend_and_fit)
{
	const struct histogram_layout *both[] = {&histogram_layout_explicit,
						 &histogram_layout_exponential};

	for (size_t i = 0; i < 6; i++) {
		const struct histogram_layout *histograms = both[i / 3];
		const struct histogram_bounds *of_each[] = {histograms->polls, histograms->http,
							    histograms->sessions};
		const struct histogram_bounds *bounds = of_each[i % 3];

		cr_assert_gt(bounds->count, 0);
		cr_assert_leq(bounds->count, HISTOGRAM_BOUNDS);
		cr_assert_gt(bounds->ns[0], 0);
		for (size_t k = 1; k < bounds->count; k++)
			cr_assert_gt(bounds->ns[k], bounds->ns[k - 1], "bound %zu of %zu", k, i);
	}
}

/* The kernel counts whole nanoseconds: those up to a power of two of seconds, however that is cut. */
Test(metric_collect_histogram, exponential_bounds_are_powers_of_two_of_seconds)
{
	const struct histogram_bounds *powers[] = {histogram_layout_exponential.polls,
						   histogram_layout_exponential.http,
						   histogram_layout_exponential.sessions};
	const struct histogram_counts counts = {.buckets = {1}};

	for (size_t i = 0; i < ARRAY_SIZE(powers); i++) {
		struct collection *collection = collection_new();
		const struct metric_histogram *histogram;

		metric_add_histogram(collection->set, METRIC_ID_TOKIO_POLL_DURATION, &counts,
				     powers[i]);
		histogram = &only(collection->set, METRIC_ID_TOKIO_POLL_DURATION)->histogram;
		cr_assert(histogram->is_exponential);
		cr_assert_eq(histogram->bound_count, powers[i]->count);
		for (size_t k = 0; k < powers[i]->count; k++) {
			double bound = histogram->bounds[k];

			cr_assert_eq(bound, exp2(powers[i]->lowest_exponent + (int)k));
			cr_assert_eq(powers[i]->ns[k], (uint64_t)floor(bound * 1e9), "%g", bound);
		}
		collection_free(collection);
	}
}

Test(metric_collect_histogram, explicit_bounds_are_no_powers)
{
	const struct histogram_bounds *all[] = {&histogram_bounds_poll, &histogram_bounds_http,
						&histogram_bounds_session};
	const struct histogram_counts counts = {.buckets = {1}};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		struct collection *collection = collection_new();

		metric_add_histogram(collection->set, METRIC_ID_TOKIO_POLL_DURATION, &counts,
				     all[i]);
		cr_assert_not(only(collection->set, METRIC_ID_TOKIO_POLL_DURATION)
				      ->histogram.is_exponential);
		collection_free(collection);
	}
}

/* The arena knows that the set is not whole; what has no buckets has no count either. */
Test(metric_collect_histogram, without_memory_there_is_none)
{
	struct arena *arena = arena__new((size_t)64 * 1024);
	struct metric_set *set = metric_set__new(arena, 1, 2);
	const struct histogram_counts counts = {.sum_ns = 1, .buckets = {1}};
	const struct metric_point *point;

	for (int i = 0; i < 10000 && !arena__failed(arena); i++)
		metric_add_histogram(set, METRIC_ID_TOKIO_POLL_DURATION, &counts, &three);
	cr_assert(arena__failed(arena));
	metric_fill_histogram(set, NULL, &counts, &three);
	for (point = find(set, METRIC_ID_TOKIO_POLL_DURATION)->points; point; point = point->next)
		cr_assert_eq(point->histogram.count, point->histogram.bucket_counts ? 1 : 0);
	arena__free(arena);
}
