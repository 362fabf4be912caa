// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "self/self.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "metric/descriptions.h"
#include "metric/metric.h"
#include "self/drops.h"

static const struct plan plan;
static struct arena *arena;
static struct snapshot *snapshot;
static struct self_counters counters;

static void start(void)
{
	arena = arena__new(0);
	snapshot = snapshot__new(arena, &plan);
	counters = (struct self_counters){0};
}

static void end(void)
{
	arena__free(arena);
}

TestSuite(self, .init = start, .fini = end);

static const struct metric_point *point_of(const struct metric_set *set, enum metric_id id,
					   const char *value)
{
	for (const struct metric *metric = set->metrics; metric; metric = metric->next) {
		if (metric->description != metric_describe(id))
			continue;
		for (const struct metric_point *point = metric->points; point;
		     point = point->next) {
			if (!value || strcmp(point->attributes[0].value, value) == 0)
				return point;
		}
	}
	cr_assert_fail("no point of %s has the value %s", metric_describe(id)->name,
		       value ? value : "(any)");
	return NULL;
}

static struct metric_set *collected(void)
{
	struct metric_set *set = metric_set__new(arena, 1, 2);

	cr_assert_eq(self_collect(set, snapshot, &counters), 0);
	return set;
}

/* Sets every cause of dropped data, in the kernel and in user space, to a count of its own. */
static uint64_t drop_everything(void)
{
	uint64_t total = 0, next = 1;

	for (int i = 0; i < DROP_COUNT; i++) {
		snapshot->totals.counters.drops[i] = next;
		total += next++;
	}
	snapshot->pipeline.malformed_records = 1001;
	snapshot->pipeline.spans_dropped = 1002;
	snapshot->pipeline.spans_unfinished = 1003;
	counters.exporter.metric_requests_dropped_expired = 1004;
	counters.exporter.spans_rejected = 1005;
	return total + 1001 + 1002 + 1003 + 1004 + 1005;
}

struct drops {
	size_t count;
	uint64_t sum;
	char causes[4096];
};

static void note(void *context, const char *cause, const char *what, uint64_t count)
{
	struct drops *drops = context;

	cr_assert_gt(strlen(what), 10u, "%s is described", cause);
	drops->count++;
	drops->sum += count;
	strncat(drops->causes, cause, sizeof(drops->causes) - strlen(drops->causes) - 1);
	strncat(drops->causes, " ", sizeof(drops->causes) - strlen(drops->causes) - 1);
}

Test(self, nothing_dropped_is_no_cause)
{
	struct drops drops = {0};

	self_for_each_drop(snapshot, &counters, note, &drops);
	cr_assert_eq(drops.count, 0u);
	cr_assert_eq(self_total_dropped(snapshot, &counters), 0u);
}

Test(self, every_cause_counts)
{
	uint64_t total = drop_everything();
	struct drops drops = {0};

	self_for_each_drop(snapshot, &counters, note, &drops);
	cr_assert_eq(drops.count, (size_t)DROP_COUNT + 5);
	cr_assert_eq(drops.sum, total);
	cr_assert_eq(self_total_dropped(snapshot, &counters), total);
	cr_assert_not_null(strstr(drops.causes, "metrics_expired "));
	cr_assert_not_null(strstr(drops.causes, "span_unfinished "));
}

Test(self, every_cause_is_a_point_even_with_0)
{
	const struct metric_set *set = collected();
	const struct metric_point *point;

#define X(name, help, count)                         \
	point = point_of(set, METRIC_ID_LOST, name); \
	cr_assert_eq(point->integer, 0, "%s", (name));
	USER_DROP_LIST(X)
#undef X
#define X(identifier, name, help)                    \
	point = point_of(set, METRIC_ID_LOST, name); \
	cr_assert_eq(point->integer, 0, "%s", (name));
	DROP_LIST(X)
#undef X
}

Test(self, counts_of_the_pipeline_and_of_the_process)
{
	const struct metric_set *set;

	snapshot->pipeline.records = 11;
	snapshot->pipeline.spans_made = 12;
	snapshot->pipeline.trace_ratio = 0.25;
	snapshot->pipeline.has_probe_cost = true;
	snapshot->pipeline.probe_cost_ns = 1500000000;
	snapshot->pipeline.probe_overhead = 0.02;
	snapshot->pipeline.polls_enabled = 0.5;
	snapshot->attachment = (struct snapshot_attachment){.sites = 40, .attach_ns = 20000000};
	snapshot->totals.counters.hits[HOOK_HTTP_PARSE] = 13;
	snapshot->totals.counters.events[EVENT_SPANS_STARTED] = 14;
	counters.collections = 15;
	counters.front_restarts = 1;
	counters.exporter.spans_sent = 16;
	counters.scrapes = 17;
	set = collected();
	cr_assert_eq(point_of(set, METRIC_ID_RING_RECORDS, NULL)->integer, 11);
	cr_assert_eq(point_of(set, METRIC_ID_SPANS_MADE, NULL)->integer, 12);
	cr_assert_eq(point_of(set, METRIC_ID_TRACES_KEPT, NULL)->real, 0.25);
	cr_assert_float_eq(point_of(set, METRIC_ID_PROBE_CPU_TIME, NULL)->real, 1.5, 1e-12);
	cr_assert_eq(point_of(set, METRIC_ID_PROBE_OVERHEAD, NULL)->real, 0.02);
	cr_assert_eq(point_of(set, METRIC_ID_POLLS_WATCHED, NULL)->real, 0.5);
	cr_assert_eq(point_of(set, METRIC_ID_PROBE_SITES, NULL)->integer, 40);
	cr_assert_float_eq(point_of(set, METRIC_ID_PROBE_ATTACH_DURATION, NULL)->real, 0.02, 1e-12);
	cr_assert_eq(point_of(set, METRIC_ID_SPANS_OPEN, NULL)->integer, 14);
	cr_assert_eq(point_of(set, METRIC_ID_COLLECTIONS, NULL)->integer, 15);
	cr_assert_eq(point_of(set, METRIC_ID_FRONT_RESTARTS, NULL)->integer, 1);
	cr_assert_eq(point_of(set, METRIC_ID_EXPORT_ITEMS, "spans")->integer, 16);
	cr_assert_eq(point_of(set, METRIC_ID_SCRAPES, "answered")->integer, 17);
	cr_assert_gt(point_of(set, METRIC_ID_PROCESS_MEMORY_RSS_MAX, NULL)->integer, 0);
}

Test(self, a_cost_that_is_not_measured_is_absent)
{
	const struct metric_set *set = collected();

	for (const struct metric *metric = set->metrics; metric; metric = metric->next) {
		cr_assert_neq(metric->description, metric_describe(METRIC_ID_PROBE_CPU_TIME));
		cr_assert_neq(metric->description, metric_describe(METRIC_ID_PROBE_OVERHEAD));
	}
}

Test(self, says_when_memory_is_out)
{
	struct arena *small = arena__new((size_t)32 * 1024);
	struct metric_set *set = metric_set__new(small, 1, 2);
	int r = 0;

	for (int i = 0; i < 1000 && r == 0; i++)
		r = self_collect(set, snapshot, &counters);
	cr_assert_eq(r, -ENOMEM);
	arena__free(small);
}
