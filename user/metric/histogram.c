// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <math.h>

#include "metric/collect_internal.h"

void metric_fill_histogram(struct metric_set *set, struct metric_point *point,
			   const struct histogram_counts *counts,
			   const struct histogram_bounds *bounds)
{
	double *seconds = arena__alloc_array(set->arena, bounds->count, sizeof(*seconds));
	uint64_t *buckets = arena__alloc_array(set->arena, bounds->count + 1, sizeof(*buckets));
	uint64_t total = 0;

	if (!point || !seconds || !buckets)
		return;
	for (size_t i = 0; i < bounds->count; i++)
		seconds[i] = bounds->is_exponential ? ldexp(1, bounds->lowest_exponent + (int)i)
						    : (double)bounds->ns[i] / 1e9;
	for (size_t i = 0; i <= HISTOGRAM_BOUNDS; i++) {
		/* Unused bounds are the highest number: what lies above the last used one. */
		buckets[i < bounds->count ? i : bounds->count] += counts->buckets[i];
		total += counts->buckets[i];
	}
	point->histogram = (struct metric_histogram){
		.bounds = seconds,
		.bound_count = bounds->count,
		.bucket_counts = buckets,
		.count = total,
		.sum = (double)counts->sum_ns / 1e9,
		.is_exponential = bounds->is_exponential,
	};
}

void metric_add_histogram(struct metric_set *set, enum metric_id id,
			  const struct histogram_counts *counts,
			  const struct histogram_bounds *bounds)
{
	metric_fill_histogram(
		set, metric_set__point(set, metric_set__metric(set, metric_describe(id)), NULL, 0),
		counts, bounds);
}
