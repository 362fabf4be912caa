/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_EXPORT_STATISTICS_H
#define SCOTTYSCOPE_EXPORT_STATISTICS_H

/* The counters of the exporter. The front sends them to the agent (front/statistics.h). */

#include <stdint.h>

/* X(field): cumulative counters. Requests are OTLP requests; "refused" means by a permanent error;
 * "superseded" means replaced by the requests of a newer snapshot; "rejected" means reported in
 * partial_success. `requests_retried` counts the attempts after the first. */
#define EXPORT_COUNTER_LIST(X)                \
	X(requests_sent)                      \
	X(requests_retried)                   \
	X(metric_points_sent)                 \
	X(metric_requests_dropped_queue_full) \
	X(metric_requests_dropped_expired)    \
	X(metric_requests_dropped_superseded) \
	X(metric_requests_dropped_refused)    \
	X(spans_sent)                         \
	X(spans_dropped_queue_full)           \
	X(spans_dropped_expired)              \
	X(spans_dropped_refused)              \
	X(points_rejected)                    \
	X(spans_rejected)

struct export_statistics {
#define X(field) uint64_t field;
	EXPORT_COUNTER_LIST(X)
#undef X
	uint64_t queue_bytes; /* in the queues now */
};

/* Adds the counters of `more` to those of `total`, and takes the queue size of `more`: the size is
 * a momentary value, not a counter. */
void export_statistics__add(struct export_statistics *total, const struct export_statistics *more);

#endif
