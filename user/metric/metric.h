/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_METRIC_METRIC_H
#define SCOTTYSCOPE_METRIC_METRIC_H

/* The model of one collection: metrics with their points, cumulative since `start_ns`. It knows no
 * encoding; encoders and reports read it. A set and all in it lives in one arena. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "config/config.h"
#include "metric/description.h"

/* "counter", "up_down_counter", "gauge" or "histogram". */
const char *metric_kind_name(enum metric_kind kind);

struct metric_attribute {
	const char *key;
	const char *value;
};

/* A sampled observation: the span that the observation was made in. */
struct metric_exemplar {
	double value;	  /* in the unit of the metric */
	uint64_t time_ns; /* realtime */
	uint8_t trace_id[16];
	uint8_t span_id[8];
};

/* Counts per bucket; bucket i counts values <= bounds[i], the last one all above. Values in the
 * metric's unit. `bucket_counts` has `bound_count + 1` entries.
 *
 * Where the bounds are successive powers of two (1/8, 1/4, 1/2, ...), the histogram is as well a
 * base-2 exponential one of scale 0: each bucket is one of its buckets, exactly, but for the first,
 * which is its zero bucket up to a threshold, and the last, which has no upper bound there and
 * becomes the next power's. `is_exponential` asks for that form; all points of a metric agree. */
struct metric_histogram {
	const double *bounds;
	size_t bound_count;
	const uint64_t *bucket_counts;
	uint64_t count;
	double sum;
	const struct metric_exemplar *exemplars; /* at most one a bucket, in the order of buckets */
	size_t exemplar_count;
	bool is_exponential;
};

struct metric_point {
	struct metric_point *next;
	const struct metric_attribute *attributes;
	size_t attribute_count;
	union {
		int64_t integer; /* counters and integral gauges */
		double real;	 /* where is_real */
		struct metric_histogram histogram;
	};
	bool is_real;
	bool is_overflow; /* stands for all label sets over the limit: otel.metric.overflow */
};

struct metric {
	struct metric *next;
	const struct metric_description *description;
	const char *name;	     /* the description's, in the naming of the set */
	struct metric_point *points; /* in the order they were added */
	struct metric_point *last_point;
	size_t point_count;
};

struct metric_set {
	struct arena *arena;
	enum config_names names; /* set it before anything is added */
	uint64_t start_ns;	 /* realtime: when counting began */
	uint64_t time_ns;	 /* realtime: when these values were read */
	struct metric *metrics;	 /* in the order they were added */
	struct metric *last_metric;
	size_t metric_count;
};

/* An empty set in `arena`, which it borrows, with the names of NAMES_DOCS. NULL when out of
 * memory. */
struct metric_set *metric_set__new(struct arena *arena, uint64_t start_ns, uint64_t time_ns);

/* The metric of that description in the set, added if it is not there. `description` must outlive
 * the set. NULL when out of memory. */
struct metric *metric_set__metric(struct metric_set *set,
				  const struct metric_description *description);

/* Adds a point with `attribute_count` attributes, which are copied with their texts, their keys in
 * the naming of the set. The caller fills its value. NULL when out of memory; `metric` may be
 * NULL. */
struct metric_point *metric_set__point(struct metric_set *set, struct metric *metric,
				       const struct metric_attribute *attributes,
				       size_t attribute_count);

/* Adds a point without attributes and with that value; nothing when out of memory, which the
 * set's arena remembers. */
void metric_set__add_integer(struct metric_set *set, const struct metric_description *description,
			     int64_t value);
void metric_set__add_real(struct metric_set *set, const struct metric_description *description,
			  double value);

/* The value below which a share `quantile` (0 to 1) of the observations lies, interpolated within
 * its bucket; the highest bound for what lies above it; NAN when there are none. */
double metric_histogram__quantile(const struct metric_histogram *histogram, double quantile);

#endif
