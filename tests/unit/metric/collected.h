/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_TESTS_METRIC_COLLECTED_H
#define SCOTTYSCOPE_TESTS_METRIC_COLLECTED_H

/* Metrics of a snapshot that was made without a kernel. */

#include <criterion/criterion.h>
#include <string.h>

#include "metric/collect_internal.h"

/* A snapshot with its plan, and the metrics made of it. */
struct collection {
	struct plan plan;
	struct snapshot *snapshot;
	struct metric_set *set;
};

/* Without any instrumentation, and with all counts 0. */
static inline struct collection *collection_new(void)
{
	struct arena *arena = arena__new(0);
	struct collection *collection = arena__alloc(arena, sizeof(*collection));

	cr_assert_not_null(collection);
	collection->snapshot = snapshot__new(arena, &collection->plan);
	collection->set = metric_set__new(arena, 1, 2);
	return collection;
}

static inline void collection_free(struct collection *collection)
{
	arena__free(collection->set->arena);
}

/* Gives the plan a strategy for an instrumentation. */
static inline void have(struct collection *collection, enum instrumentation_id id)
{
	collection->plan.instrumentations[id].strategy = &catalogue_strategies[0];
}

static inline const struct metric *find(const struct metric_set *set, enum metric_id id)
{
	for (const struct metric *metric = set->metrics; metric; metric = metric->next) {
		if (metric->description == &metric_descriptions[id])
			return metric;
	}
	return NULL;
}

/* The only point of a metric without attributes. */
static inline const struct metric_point *only(const struct metric_set *set, enum metric_id id)
{
	const struct metric *metric = find(set, id);

	cr_assert_not_null(metric, "%s is not there", metric_descriptions[id].name);
	cr_assert_eq(metric->point_count, 1, "%s", metric->name);
	cr_assert_eq(metric->points->attribute_count, 0, "%s", metric->name);
	return metric->points;
}

static inline void assert_value(const struct metric_set *set, enum metric_id id, int64_t value)
{
	const struct metric_point *point = only(set, id);

	cr_assert_not(point->is_real);
	cr_assert_eq(point->integer, value, "%s is %lld, not %lld", metric_descriptions[id].name,
		     (long long)point->integer, (long long)value);
}

/* The histogram of the only point: how many values it has, their sum in seconds, and how many of them
 * its bucket `bucket` has. */
static inline void assert_histogram(const struct metric_set *set, enum metric_id id,
				    const struct histogram_bounds *bounds, uint64_t count,
				    double sum, size_t bucket, uint64_t in_bucket)
{
	const struct metric_histogram *histogram = &only(set, id)->histogram;

	cr_assert_eq(histogram->bound_count, bounds->count, "%s", metric_descriptions[id].name);
	cr_assert_float_eq(histogram->bounds[0], (double)bounds->ns[0] / 1e9, 1e-9);
	cr_assert_eq(histogram->count, count, "%s", metric_descriptions[id].name);
	cr_assert_float_eq(histogram->sum, sum, 1e-12, "%s", metric_descriptions[id].name);
	cr_assert_eq(histogram->bucket_counts[bucket], in_bucket, "%s",
		     metric_descriptions[id].name);
}

#endif
