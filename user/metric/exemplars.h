/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_METRIC_EXEMPLARS_H
#define SCOTTYSCOPE_METRIC_EXEMPLARS_H

/* The latest sampled request of each bucket of each label set. OpenTelemetry's specification calls
 * such a store an aligned histogram bucket exemplar reservoir ("Metrics SDK"). A read does not
 * empty the store: a scrape and an export each see all exemplars. */

#include "metric/metric.h"
#include "probe/bounds.h"
#include "ring/ring.h"

/* Older exemplars are not reported: every reader reads more often. */
#define EXEMPLAR_AGE_NS UINT64_C(300000000000)

struct exemplars;

/* A store for `label_sets` label sets and the overflow set. It borrows `bounds`. NULL when out of
 * memory. */
struct exemplars *exemplars__new(const struct probe_bounds *bounds, size_t label_sets);
void exemplars__free(struct exemplars *exemplars);

/* Keeps a request as the exemplar of its bucket. Beyond the limit of label sets, the request
 * becomes an exemplar of the overflow set. `clock_offset_ns` turns monotonic time into realtime. */
void exemplars__add(struct exemplars *exemplars, const struct ring_span *span,
		    const struct ring_http_request *request, int64_t clock_offset_ns);

/* Gives the histogram of a label set its exemplars that are not older than EXEMPLAR_AGE_NS, as
 * copies in the set's arena, in the order of buckets. */
void exemplars__attach(const struct exemplars *exemplars, const struct http_key *key,
		       struct metric_set *set, struct metric_histogram *histogram);

static inline void exemplars__freep(struct exemplars **exemplars)
{
	exemplars__free(*exemplars);
}

#endif
