// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "metric/metric.h"

#include <math.h>

#include "metric/names.h"

struct metric_set *metric_set__new(struct arena *arena, uint64_t start_ns, uint64_t time_ns)
{
	struct metric_set *set = arena__alloc(arena, sizeof(*set));

	if (!set)
		return NULL;
	set->arena = arena;
	set->start_ns = start_ns;
	set->time_ns = time_ns;
	return set;
}

struct metric *metric_set__metric(struct metric_set *set,
				  const struct metric_description *description)
{
	for (struct metric *metric = set->metrics; metric; metric = metric->next) {
		if (metric->description == description)
			return metric;
	}

	struct metric *metric = arena__alloc(set->arena, sizeof(*metric));

	if (!metric)
		return NULL;
	metric->description = description;
	metric->name = metric_name_in(set->names, description->name);
	if (set->last_metric)
		set->last_metric->next = metric;
	else
		set->metrics = metric;
	set->last_metric = metric;
	set->metric_count++;
	return metric;
}

static const struct metric_attribute *copy_attributes(const struct metric_set *set,
						      const struct metric_attribute *attributes,
						      size_t count)
{
	struct metric_attribute *copy = arena__alloc_array(set->arena, count, sizeof(*copy));

	for (size_t i = 0; copy && i < count; i++) {
		const char *key = metric_attribute_name_in(set->names, attributes[i].key);

		copy[i].key = arena__strdup(set->arena, key);
		copy[i].value = arena__strdup(set->arena, attributes[i].value);
		if (!copy[i].key || !copy[i].value)
			return NULL;
	}
	return copy;
}

struct metric_point *metric_set__point(struct metric_set *set, struct metric *metric,
				       const struct metric_attribute *attributes,
				       size_t attribute_count)
{
	struct metric_point *point = metric ? arena__alloc(set->arena, sizeof(*point)) : NULL;

	if (!point)
		return NULL;
	if (attribute_count > 0) {
		point->attributes = copy_attributes(set, attributes, attribute_count);
		if (!point->attributes)
			return NULL;
		point->attribute_count = attribute_count;
	}
	if (metric->last_point)
		metric->last_point->next = point;
	else
		metric->points = point;
	metric->last_point = point;
	metric->point_count++;
	return point;
}

void metric_set__add_integer(struct metric_set *set, const struct metric_description *description,
			     int64_t value)
{
	struct metric_point *point =
		metric_set__point(set, metric_set__metric(set, description), NULL, 0);

	if (point)
		point->integer = value;
}

void metric_set__add_real(struct metric_set *set, const struct metric_description *description,
			  double value)
{
	struct metric_point *point =
		metric_set__point(set, metric_set__metric(set, description), NULL, 0);

	if (point) {
		point->real = value;
		point->is_real = true;
	}
}

double metric_histogram__quantile(const struct metric_histogram *histogram, double quantile)
{
	if (histogram->count == 0 || histogram->bound_count == 0)
		return NAN;

	double rank = quantile * (double)histogram->count;
	double below = 0;

	for (size_t i = 0; i < histogram->bound_count; i++) {
		double in_bucket = (double)histogram->bucket_counts[i];

		if (in_bucket > 0 && below + in_bucket >= rank) {
			double low = i > 0 ? histogram->bounds[i - 1] : 0;

			return low + (histogram->bounds[i] - low) * (rank - below) / in_bucket;
		}
		below += in_bucket;
	}
	return histogram->bounds[histogram->bound_count - 1];
}
