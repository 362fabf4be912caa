/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_SNAPSHOT_SNAPSHOT_H
#define SCOTTYSCOPE_SNAPSHOT_SNAPSHOT_H

/* Everything that was read from the kernel and from /proc about one target at one moment, as plain
 * data in one arena. The probe and the observation fill a snapshot; metrics, reports and the
 * governors read one and nothing else, so a test can make one without a kernel. All counts are
 * cumulative since `start_ns`. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "plan/plan.h"
#include "process/process.h"
#include "snapshot/app_samples.h"
#include "snapshot/bounds.h"
#include "snapshot/exemplars.h"
#include "tokio/runtime.h"
#include "wire.h"

/* The sums over all CPUs of the counts that the BPF programs keep in arrays. */
struct snapshot_totals {
	struct counters counters;
	struct task_totals tasks[KIND_LIMIT]; /* by task type */
	uint64_t initial_tasks[KIND_LIMIT]; /* alive at the attachment: found by the initial scan */
	struct schedule_totals schedule;
	struct session_totals sessions[ROLE_COUNT];
	uint64_t initial_sessions[ROLE_COUNT];	   /* of the tasks that the initial scan found */
	struct histogram_counts validations;	   /* of OAuth tokens, by the bounds of http */
	uint64_t oauth_sessions[OAUTH_FLOW_COUNT]; /* plus 1; 0: not seen yet */
};

/* One label set of the request metrics. */
struct snapshot_series {
	struct http_key key; /* route ROUTE_OVERFLOW: all label sets over the limit */
	const char *route;   /* the template's text */
	struct histogram_counts counts;
	const struct exemplar *exemplars; /* at most one a bucket, in the order of buckets */
	size_t exemplar_count;
};

/* The decisions of one rate limit tier. */
struct snapshot_rate_limit {
	const char *tier;
	bool is_denied;
	uint64_t count;
};

struct snapshot_apps {
	bool is_known; /* false until a first check of all applications was complete */
	const struct app *items;
	size_t count;
	struct app_samples samples;
};

/* A worker of a runtime, since the attachment. */
struct snapshot_worker {
	uint64_t busy_ns;
	uint64_t parks;
	uint64_t queue_depth;
};

/* A runtime of tokio, by its own counters. Counts are those since the attachment. */
struct snapshot_runtime {
	const char *name; /* its kind and the id of its task list: "multi_thread-1" */
	enum runtime_kind kind;
	bool is_readable; /* false: the counters could not be read this time */
	uint64_t alive;
	uint64_t spawned;
	uint64_t ended;
	const struct snapshot_worker *workers;
	size_t worker_count;
	bool has_local_queues;
	bool has_global_queue;
	bool has_blocking;
	uint64_t global_queue;
	uint64_t blocking_threads;
	uint64_t blocking_idle;
	uint64_t blocking_queue;
};

/* Values that only a running target has. */
struct snapshot_live {
	bool is_known; /* false: the target has ended */
	struct process_memory memory;
	uint64_t peak_rss_bytes; /* since this reader's previous snapshot */
	int workers;		 /* worker threads of tokio; -1: not observed */
};

/* What happened to the observation's records in user space, and the cost of the probes. */
struct snapshot_pipeline {
	uint64_t records; /* read from the ring buffer */
	uint64_t malformed_records;
	uint64_t spans_made;
	uint64_t spans_unfinished; /* when the observation ended */
	uint64_t spans_dropped;	   /* the batch was full */
	double trace_ratio;	   /* the ratio of sampled traces that --max-span-rate allows */
	bool has_probe_cost;	   /* the next two are measured */
	uint64_t probe_cost_ns;	   /* estimated CPU time taken from the target */
	double probe_overhead; /* in the last period, as a ratio of the target's possible CPU time */
	double polls_enabled;  /* the ratio of the last period in which poll probes were enabled */
	bool has_estimates; /* poll probes were disabled at some time, so poll metrics are estimated */
};

struct snapshot_attachment {
	size_t sites;
	uint64_t attach_ns; /* duration */
	uint64_t detach_ns; /* duration; 0 until detached */
};

struct snapshot {
	struct arena *arena; /* owns the snapshot and all that it points to, but for `plan` */
	uint64_t start_ns;   /* realtime: counting began */
	uint64_t time_ns;    /* realtime: the moment of the snapshot */
	bool target_is_up;
	const struct plan *plan; /* borrowed */
	const struct histogram_layout *layout;
	struct snapshot_totals totals;
	struct snapshot_series *series;
	size_t series_count;
	struct snapshot_rate_limit *rate_limits;
	size_t rate_limit_count;
	struct snapshot_apps apps;
	struct snapshot_runtime *runtimes; /* none: tokio's own counters were not found */
	size_t runtime_count;
	bool has_several_runtimes; /* at this time or before */
	struct snapshot_live live;
	struct snapshot_attachment attachment;
	struct snapshot_pipeline pipeline;
};

/* An empty snapshot in `arena`, which must outlive the snapshot, for now. NULL when out of memory. */
struct snapshot *snapshot__new(struct arena *arena, const struct plan *plan);

/* Appends a zeroed label set or rate limit, whose fields the caller fills. A returned pointer is valid
 * until the next call. NULL when out of memory, which the arena remembers. */
struct snapshot_series *snapshot__add_series(struct snapshot *snapshot);
struct snapshot_rate_limit *snapshot__add_rate_limit(struct snapshot *snapshot);

/* Sorts the label sets and the rate limits, and adds up those with the same labels. The server chooses the
 * texts, and different texts may be equal once they are UTF-8. An exposition with the same labels twice is
 * malformed as a whole. The texts become UTF-8. -ENOMEM. */
int snapshot__join_labels(struct snapshot *snapshot);

/* Tasks of a type that are alive, by the counts of the probes and the initial scan. */
static inline uint64_t snapshot_totals__alive(const struct snapshot_totals *totals, size_t type)
{
	return totals->initial_tasks[type] + totals->tasks[type].started -
	       totals->tasks[type].ended;
}

/* Sampled spans that have begun and not ended. */
uint64_t snapshot__open_spans(const struct snapshot *snapshot);

#endif
