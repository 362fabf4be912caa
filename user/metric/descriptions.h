/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_METRIC_DESCRIPTIONS_H
#define SCOTTYSCOPE_METRIC_DESCRIPTIONS_H

/* Every metric of the target, once: identifier, OpenTelemetry name, unit, kind, help. The
 * Prometheus name follows from name, unit and kind. */

#include "metric/metric.h"

#define METRIC_LIST(X)                                                                     \
	X(UP, "scotty.up", "{process}", METRIC_GAUGE,                                      \
	  "Whether the observed process is running and attached to.")                      \
	X(HTTP_REQUESTS, "scotty.http.requests", "{request}", METRIC_COUNTER,              \
	  "HTTP requests answered, or aborted by their client or a panic.")                \
	X(HTTP_REQUEST_DURATION, "scotty.http.request.duration", "s", METRIC_HISTOGRAM,    \
	  "Time from a whole request head to its response head.")                          \
	X(HTTP_REQUESTS_ACTIVE, "scotty.http.requests.active", "{request}",                \
	  METRIC_UP_DOWN_COUNTER, "HTTP requests that have no response yet.")              \
	X(MEMORY_RSS, "scotty.memory.rss", "By", METRIC_GAUGE, "Resident memory.")         \
	X(MEMORY_VIRTUAL, "scotty.memory.virtual", "By", METRIC_GAUGE, "Virtual memory.")  \
	X(MEMORY_RSS_PEAK, "scotty.memory.rss.peak", "By", METRIC_GAUGE,                   \
	  "Highest resident memory since the collection before.")                          \
	X(TOKIO_WORKERS, "scotty.tokio.workers.count", "{thread}", METRIC_GAUGE,           \
	  "Worker threads of the tokio runtime.")                                          \
	X(TOKIO_TASKS_ACTIVE, "scotty.tokio.tasks.active", "{task}", METRIC_GAUGE,         \
	  "Tokio tasks alive.")                                                            \
	X(TOKIO_POLL_COUNT, "scotty.tokio.poll.count", "{poll}", METRIC_COUNTER,           \
	  "Polls of all tokio tasks.")                                                     \
	X(TOKIO_POLL_DURATION, "scotty.tokio.poll.duration", "s", METRIC_HISTOGRAM,        \
	  "Duration of every poll of every tokio task.")                                   \
	X(TOKIO_SLOW_POLL_COUNT, "scotty.tokio.slow.poll.count", "{poll}", METRIC_COUNTER, \
	  "Polls that took longer than the slow-poll threshold.")                          \
	X(TOKIO_BLOCKING_RUNS, "scotty.tokio.blocking.runs", "{run}", METRIC_COUNTER,      \
	  "Closures that the blocking pool of tokio has finished.")

enum metric_id {
#define X(identifier, name, unit, kind, help) METRIC_ID_##identifier,
	METRIC_LIST(X)
#undef X
	METRIC_ID_COUNT,
};

extern const struct metric_description metric_descriptions[METRIC_ID_COUNT];

#endif
