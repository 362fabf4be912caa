// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "self/self.h"

#include <errno.h>
#include <sys/resource.h>
#include <time.h>

#include "base/clock.h"
#include "metric/descriptions.h"
#include "metric/metric.h"
#include "self/drops.h"

/* Adds a point with the one attribute that the metric has. */
static void add(struct metric_set *set, enum metric_id id, const char *value, uint64_t count)
{
	const struct metric_description *description = metric_describe(id);
	const struct metric_attribute attribute = {description->attributes, value};
	struct metric_point *point =
		metric_set__point(set, metric_set__metric(set, description), &attribute, 1);

	if (point)
		point->integer = (int64_t)count;
}

/* Calls back for every cause of dropped data, in the kernel and in user space, also with a count of 0. */
static void for_each_cause(const struct snapshot *snapshot, const struct self_counters *counters,
			   self_drop_callback callback, void *context)
{
#define X(identifier, name, help) \
	callback(context, name, help, snapshot->totals.counters.drops[DROP_##identifier]);
	DROP_LIST(X)
#undef X
#define X(name, help, count) callback(context, name, help, count);
	USER_DROP_LIST(X)
#undef X
}

static void add_cause(void *context, const char *cause, const char *what, uint64_t count)
{
	(void)what;
	add(context, METRIC_ID_LOST, cause, count);
}

static void collect_kernel_side(struct metric_set *set, const struct snapshot *snapshot)
{
	const struct counters *counters = &snapshot->totals.counters;

	metric_set__add_integer(set, metric_describe(METRIC_ID_SPANS_OPEN),
				(int64_t)snapshot__open_spans(snapshot));
	metric_set__add_integer(set, metric_describe(METRIC_ID_SPANS_LEFT_OUT),
				(int64_t)counters->events[EVENT_SPANS_SAMPLED_OUT]);
#define X(identifier, name, help) \
	add(set, METRIC_ID_PROBE_HITS, name, counters->hits[HOOK_##identifier]);
	HOOK_LIST(X)
#undef X
#define X(identifier, name, help) \
	add(set, METRIC_ID_CHECKS, name, counters->checks[CHECK_##identifier]);
	CHECK_LIST(X)
#undef X
}

static void collect_user_side(struct metric_set *set, const struct snapshot *snapshot,
			      const struct self_counters *counters)
{
	const struct snapshot_pipeline *pipeline = &snapshot->pipeline;

	metric_set__add_integer(set, metric_describe(METRIC_ID_RING_RECORDS),
				(int64_t)pipeline->records);
	metric_set__add_integer(set, metric_describe(METRIC_ID_SPANS_MADE),
				(int64_t)pipeline->spans_made);
	metric_set__add_real(set, metric_describe(METRIC_ID_TRACES_KEPT), pipeline->trace_ratio);
	metric_set__add_integer(set, metric_describe(METRIC_ID_COLLECTIONS),
				(int64_t)counters->collections);
	metric_set__add_integer(set, metric_describe(METRIC_ID_FRONT_RESTARTS),
				(int64_t)counters->front_restarts);
	metric_set__add_integer(set, metric_describe(METRIC_ID_EXPORT_REQUESTS),
				(int64_t)counters->exporter.requests_sent);
	metric_set__add_integer(set, metric_describe(METRIC_ID_EXPORT_RETRIES),
				(int64_t)counters->exporter.requests_retried);
	metric_set__add_integer(set, metric_describe(METRIC_ID_EXPORT_QUEUE),
				(int64_t)counters->exporter.queue_bytes);
	add(set, METRIC_ID_EXPORT_ITEMS, "points", counters->exporter.metric_points_sent);
	add(set, METRIC_ID_EXPORT_ITEMS, "spans", counters->exporter.spans_sent);
	add(set, METRIC_ID_SCRAPES, "answered", counters->scrapes);
	add(set, METRIC_ID_SCRAPES, "failed", counters->scrape_failures);
}

static void collect_cost(struct metric_set *set, const struct snapshot_pipeline *pipeline)
{
	struct timespec time;
	struct rusage usage;

	if (pipeline->has_probe_cost) {
		metric_set__add_real(set, metric_describe(METRIC_ID_PROBE_CPU_TIME),
				     (double)pipeline->probe_cost_ns / 1e9);
		metric_set__add_real(set, metric_describe(METRIC_ID_PROBE_OVERHEAD),
				     pipeline->probe_overhead);
	}
	metric_set__add_real(set, metric_describe(METRIC_ID_POLLS_WATCHED),
			     pipeline->polls_enabled);
	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0)
		metric_set__add_real(set, metric_describe(METRIC_ID_PROCESS_CPU_TIME),
				     (double)time.tv_sec + (double)time.tv_nsec / 1e9);
	if (getrusage(RUSAGE_SELF, &usage) == 0)
		metric_set__add_integer(set, metric_describe(METRIC_ID_PROCESS_MEMORY_RSS_MAX),
					(int64_t)usage.ru_maxrss * 1024);
}

int self_collect(struct metric_set *set, const struct snapshot *snapshot,
		 const struct self_counters *counters)
{
	collect_kernel_side(set, snapshot);
	for_each_cause(snapshot, counters, add_cause, set);
	collect_user_side(set, snapshot, counters);
	metric_set__add_integer(set, metric_describe(METRIC_ID_PROBE_SITES),
				(int64_t)snapshot->attachment.sites);
	metric_set__add_real(set, metric_describe(METRIC_ID_PROBE_ATTACH_DURATION),
			     (double)snapshot->attachment.attach_ns / (double)NS_PER_S);
	collect_cost(set, &snapshot->pipeline);
	return arena__failed(set->arena) ? -ENOMEM : 0;
}

/* Passes on the causes with a count above 0. */
struct drop_filter {
	self_drop_callback callback;
	void *context;
};

static void call_if_dropped(void *context, const char *cause, const char *what, uint64_t count)
{
	const struct drop_filter *filter = context;

	if (count > 0)
		filter->callback(filter->context, cause, what, count);
}

void self_for_each_drop(const struct snapshot *snapshot, const struct self_counters *counters,
			self_drop_callback callback, void *context)
{
	struct drop_filter filter = {callback, context};

	for_each_cause(snapshot, counters, call_if_dropped, &filter);
}

static void add_count(void *context, const char *cause, const char *what, uint64_t count)
{
	(void)cause;
	(void)what;
	*(uint64_t *)context += count;
}

uint64_t self_total_dropped(const struct snapshot *snapshot, const struct self_counters *counters)
{
	uint64_t total = 0;

	for_each_cause(snapshot, counters, add_count, &total);
	return total;
}
