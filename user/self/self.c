// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "self/self.h"

#include <sys/resource.h>
#include <time.h>

#include "base/clock.h"
#include "metric/descriptions.h"
#include "self/losses.h"

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

uint64_t self_open_spans(const struct probe_totals *totals)
{
	uint64_t started = totals->counters.events[EVENT_SPANS_STARTED];
	uint64_t ended = totals->counters.events[EVENT_SPANS_ENDED];

	/* The two are not read at the same moment. */
	return started > ended ? started - ended : 0;
}

static void collect_kernel_side(struct metric_set *set, const struct probe_totals *totals)
{
	metric_set__add_integer(set, metric_describe(METRIC_ID_SPANS_OPEN),
				(int64_t)self_open_spans(totals));
	metric_set__add_integer(set, metric_describe(METRIC_ID_SPANS_LEFT_OUT),
				(int64_t)totals->counters.events[EVENT_SPANS_LEFT_OUT]);
#define X(identifier, name, help) \
	add(set, METRIC_ID_PROBE_HITS, name, totals->counters.hits[HOOK_##identifier]);
	HOOK_LIST(X)
#undef X
#define X(identifier, name, help) \
	add(set, METRIC_ID_LOST, name, totals->counters.losses[LOSS_##identifier]);
	LOSS_LIST(X)
#undef X
#define X(identifier, name, help) \
	add(set, METRIC_ID_CHECKS, name, totals->counters.checks[CHECK_##identifier]);
	CHECK_LIST(X)
#undef X
}

static void collect_user_side(struct metric_set *set, const struct self_counters *counters)
{
#define X(name, help, count) add(set, METRIC_ID_LOST, name, count);
	USER_LOSS_LIST(X)
#undef X
	metric_set__add_integer(set, metric_describe(METRIC_ID_RING_RECORDS),
				(int64_t)counters->records);
	metric_set__add_integer(set, metric_describe(METRIC_ID_SPANS_MADE),
				(int64_t)counters->spans_made);
	metric_set__add_real(set, metric_describe(METRIC_ID_TRACES_KEPT), counters->traces_kept);
	metric_set__add_integer(set, metric_describe(METRIC_ID_COLLECTIONS),
				(int64_t)counters->collections);
	metric_set__add_integer(set, metric_describe(METRIC_ID_FRONT_RESTARTS),
				(int64_t)counters->front_restarts);
	metric_set__add_integer(set, metric_describe(METRIC_ID_EXPORT_REQUESTS),
				(int64_t)counters->front.requests_sent);
	metric_set__add_integer(set, metric_describe(METRIC_ID_EXPORT_RETRIES),
				(int64_t)counters->front.requests_retried);
	metric_set__add_integer(set, metric_describe(METRIC_ID_EXPORT_QUEUE),
				(int64_t)counters->front.queue_bytes);
	add(set, METRIC_ID_EXPORT_ITEMS, "points", counters->front.metric_points_sent);
	add(set, METRIC_ID_EXPORT_ITEMS, "spans", counters->front.spans_sent);
	add(set, METRIC_ID_SCRAPES, "answered", counters->scrapes);
	add(set, METRIC_ID_SCRAPES, "failed", counters->scrape_failures);
}

static void collect_cost(struct metric_set *set, const struct self_counters *counters)
{
	struct timespec time;
	struct rusage usage;

	metric_set__add_real(set, metric_describe(METRIC_ID_PROBE_CPU_TIME),
			     (double)counters->probes_cost_ns / 1e9);
	metric_set__add_real(set, metric_describe(METRIC_ID_PROBE_OVERHEAD),
			     counters->probes_overhead);
	metric_set__add_real(set, metric_describe(METRIC_ID_POLLS_WATCHED),
			     counters->polls_watched);
	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0)
		metric_set__add_real(set, metric_describe(METRIC_ID_PROCESS_CPU_TIME),
				     (double)time.tv_sec + (double)time.tv_nsec / 1e9);
	if (getrusage(RUSAGE_SELF, &usage) == 0)
		metric_set__add_integer(set, metric_describe(METRIC_ID_PROCESS_MEMORY_RSS_MAX),
					(int64_t)usage.ru_maxrss * 1024);
}

void self_collect(struct metric_set *set, const struct probe_totals *totals,
		  const struct probe_attachment *attachment, const struct self_counters *counters)
{
	collect_kernel_side(set, totals);
	collect_user_side(set, counters);
	metric_set__add_integer(set, metric_describe(METRIC_ID_PROBE_SITES),
				(int64_t)attachment->sites);
	metric_set__add_real(set, metric_describe(METRIC_ID_PROBE_ATTACH_DURATION),
			     (double)attachment->attach_ns / (double)NS_PER_S);
	collect_cost(set, counters);
}

uint64_t self_total_lost(const struct probe_totals *totals, const struct self_counters *counters)
{
	uint64_t total = 0;

	for (int i = 0; i < LOSS_COUNT; i++)
		total += totals->counters.losses[i];
#define X(name, help, count) total += count;
	USER_LOSS_LIST(X)
#undef X
	return total;
}
