/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_SNAPSHOT_EXEMPLARS_H
#define SCOTTYSCOPE_SNAPSHOT_EXEMPLARS_H

/* The latest sampled request of each bucket of each label set. OpenTelemetry's specification calls
 * such a store an aligned histogram bucket exemplar reservoir ("Metrics SDK"). A read does not
 * empty the store: a scrape and an export each see all exemplars. */

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "snapshot/bounds.h"
#include "wire.h"

/* Older exemplars are not reported: every reader reads more often. */
#define EXEMPLAR_AGE_NS UINT64_C(300000000000)

/* A sampled request. */
struct exemplar {
	uint64_t duration_ns;
	uint64_t time_ns; /* of the request's end; monotonic in the store, realtime in a snapshot */
	uint8_t trace_id[16];
	uint8_t span_id[8];
};

struct exemplars;

/* A store for `label_sets` label sets and the overflow set. The store borrows `bounds`. NULL when
 * out of memory. */
struct exemplars *exemplars__new(const struct histogram_bounds *bounds, size_t label_sets);
void exemplars__free(struct exemplars *exemplars);

/* Keeps a copy of `exemplar` in its bucket of the label set `key`. Beyond the limit of label sets,
 * the request becomes an exemplar of the overflow set. */
void exemplars__add(struct exemplars *exemplars, const struct http_key *key,
		    const struct exemplar *exemplar);

/* Copies the exemplars of a label set that are not older than EXEMPLAR_AGE_NS at the monotonic time
 * `now_ns` to `arena`, in the order of buckets, and returns their number. Their times become realtime:
 * monotonic time plus `clock_offset_ns`, so that a wall clock that was set back leaves no exemplar in
 * the future. `*ret_copies` is NULL for none. */
size_t exemplars__copy(const struct exemplars *exemplars, const struct http_key *key,
		       uint64_t now_ns, int64_t clock_offset_ns, struct arena *arena,
		       const struct exemplar **ret_copies);

static inline void exemplars__freep(struct exemplars **exemplars)
{
	exemplars__free(*exemplars);
}

#endif
