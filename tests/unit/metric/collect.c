// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "metric/collect.h"

#include <errno.h>

#include "collected.h"

/* A snapshot of a running server with two label sets, three applications and a rate limit. */
static struct collection *new_collection(void)
{
	struct collection *collection = collection_new();
	struct snapshot *snapshot = collection->snapshot;
	struct snapshot_series *series;
	struct snapshot_rate_limit *limit;

	for (int id = 0; id < INSTR_COUNT; id++)
		have(collection, (enum instrumentation_id)id);
	snapshot->target_is_up = true;
	snapshot->totals.counters.requests_started = 9;
	snapshot->totals.counters.requests_ended = 7;
	series = snapshot__add_series(snapshot);
	*series = (struct snapshot_series){
		.key = {.route = 77, .status = 200, .method = METHOD_GET},
		.route = "/api/{id}",
		.counts = {.sum_ns = 3000000, .buckets = {[3] = 4, [4] = 1}},
	};
	series = snapshot__add_series(snapshot);
	*series = (struct snapshot_series){
		.key = {.route = ROUTE_UNMATCHED,
			.status = HTTP_STATUS_ABORTED,
			.method = METHOD_POST},
		.route = "/unmatched",
		.counts = {.sum_ns = 1000, .buckets = {[0] = 2}},
	};
	limit = snapshot__add_rate_limit(snapshot);
	*limit = (struct snapshot_rate_limit){.tier = "login", .is_denied = true, .count = 6};
	snapshot->live = (struct snapshot_live){
		.is_known = true,
		.memory = {.rss_bytes = 1000, .virtual_bytes = 5000},
		.peak_rss_bytes = 1500,
		.workers = 4,
	};
	return collection;
}

static const struct metric_point *point_of(const struct metric_set *set, enum metric_id id,
					   const char *key, const char *value)
{
	for (const struct metric_point *point = find(set, id)->points; point; point = point->next) {
		for (size_t i = 0; i < point->attribute_count; i++) {
			if (strcmp(point->attributes[i].key, key) == 0 &&
			    strcmp(point->attributes[i].value, value) == 0)
				return point;
		}
	}
	cr_assert_fail("no point of %s has %s=%s", metric_descriptions[id].name, key, value);
	return NULL;
}

Test(metric_collect, a_whole_snapshot)
{
	struct collection *collection = new_collection();
	const struct metric_set *set = collection->set;
	const struct metric_point *point;

	cr_assert_eq(metric_collect(collection->set, collection->snapshot), 0);
	assert_value(set, METRIC_ID_UP, 1);
	assert_value(set, METRIC_ID_HTTP_REQUESTS_ACTIVE, 2);
	point = point_of(set, METRIC_ID_HTTP_REQUESTS, "path", "/api/{id}");
	cr_assert_eq(point->integer, 5);
	cr_assert_eq(point->attribute_count, 3u);
	point = point_of(set, METRIC_ID_HTTP_REQUEST_DURATION, "path", "/api/{id}");
	cr_assert_eq(point->histogram.count, 5u);
	cr_assert_float_eq(point->histogram.sum, 0.003, 1e-12);
	point = point_of(set, METRIC_ID_HTTP_REQUESTS, "status", "aborted");
	cr_assert_eq(point->integer, 2);
	cr_assert_eq(point_of(set, METRIC_ID_RATE_LIMIT_REQUESTS, "decision", "denied")->integer,
		     6);
	assert_value(set, METRIC_ID_MEMORY_RSS, 1000);
	assert_value(set, METRIC_ID_MEMORY_VIRTUAL, 5000);
	assert_value(set, METRIC_ID_MEMORY_RSS_PEAK, 1500);
	assert_value(set, METRIC_ID_TOKIO_WORKERS, 4);
	collection_free(collection);
}

Test(metric_collect, without_a_change_the_present_memory_is_the_peak)
{
	struct collection *collection = new_collection();

	collection->snapshot->live.peak_rss_bytes = 0;
	cr_assert_eq(metric_collect(collection->set, collection->snapshot), 0);
	assert_value(collection->set, METRIC_ID_MEMORY_RSS_PEAK, 1000);
	collection_free(collection);
}

Test(metric_collect, a_target_that_has_ended_keeps_its_counts)
{
	struct collection *collection = new_collection();
	const struct metric_set *set = collection->set;

	collection->snapshot->target_is_up = false;
	collection->snapshot->live = (struct snapshot_live){.workers = -1};
	cr_assert_eq(metric_collect(collection->set, collection->snapshot), 0);
	assert_value(set, METRIC_ID_UP, 0);
	cr_assert_eq(find(set, METRIC_ID_HTTP_REQUESTS)->point_count, 2u);
	cr_assert_null(find(set, METRIC_ID_MEMORY_RSS));
	cr_assert_null(find(set, METRIC_ID_MEMORY_RSS_PEAK));
	cr_assert_null(find(set, METRIC_ID_TOKIO_TASKS_ACTIVE));
	cr_assert_null(find(set, METRIC_ID_TOKIO_WORKERS));
	collection_free(collection);
}

Test(metric_collect, only_what_the_plan_has_a_strategy_for)
{
	struct collection *collection = new_collection();

	memset(collection->plan.instrumentations, 0, sizeof(collection->plan.instrumentations));
	collection->snapshot->live.workers = -1;
	cr_assert_eq(metric_collect(collection->set, collection->snapshot), 0);
	/* up, resident and virtual memory */
	cr_assert_eq(collection->set->metric_count, 3u);
	collection_free(collection);
}

Test(metric_collect, applications_are_absent_until_their_list_is_known)
{
	static const struct app apps[] = {{.status = APP_STATUS_RUNNING, .services = 2},
					  {.status = APP_STATUS_RUNNING, .services = 1},
					  {.status = APP_STATUS_STOPPED}};
	struct collection *collection = new_collection();
	const struct metric_set *set = collection->set;

	cr_assert_eq(metric_collect(collection->set, collection->snapshot), 0);
	cr_assert_null(find(set, METRIC_ID_APPS));
	collection->snapshot->apps =
		(struct snapshot_apps){.is_known = true, .items = apps, .count = 3};
	app_samples__take(&collection->snapshot->apps.samples, apps, 3, 1000);
	cr_assert_eq(metric_collect(collection->set, collection->snapshot), 0);
	assert_value(set, METRIC_ID_APPS, 3);
	cr_assert_eq(find(set, METRIC_ID_APPS_BY_STATUS)->point_count, (size_t)APP_STATUS_COUNT);
	cr_assert_eq(point_of(set, METRIC_ID_APPS_BY_STATUS, "status", "running")->integer, 2);
	cr_assert_eq(point_of(set, METRIC_ID_APPS_BY_STATUS, "status", "creating")->integer, 0);
	cr_assert_eq(only(set, METRIC_ID_APP_SERVICES)->histogram.count, 3u);
	collection_free(collection);
}

Test(metric_collect, exemplars_become_seconds)
{
	static const struct exemplar exemplars[] = {
		{.duration_ns = 2500000, .time_ns = 17, .trace_id = {1}, .span_id = {2}}};
	struct collection *collection = new_collection();
	const struct metric_histogram *histogram;

	collection->snapshot->series[0].exemplars = exemplars;
	collection->snapshot->series[0].exemplar_count = 1;
	cr_assert_eq(metric_collect(collection->set, collection->snapshot), 0);
	histogram = &point_of(collection->set, METRIC_ID_HTTP_REQUEST_DURATION, "path", "/api/{id}")
			     ->histogram;
	cr_assert_eq(histogram->exemplar_count, 1u);
	cr_assert_float_eq(histogram->exemplars[0].value, 0.0025, 1e-15);
	cr_assert_eq(histogram->exemplars[0].time_ns, 17u);
	cr_assert_eq(histogram->exemplars[0].trace_id[0], 1);
	cr_assert_eq(histogram->exemplars[0].span_id[0], 2);
	collection_free(collection);
}

Test(metric_collect, the_overflow_set_has_no_attributes)
{
	struct collection *collection = new_collection();
	struct snapshot_series *series = snapshot__add_series(collection->snapshot);
	const struct metric_point *last;

	*series = (struct snapshot_series){.key = {.route = ROUTE_OVERFLOW},
					   .route = "/unmatched",
					   .counts.buckets = {[0] = 3}};
	cr_assert_eq(metric_collect(collection->set, collection->snapshot), 0);
	last = find(collection->set, METRIC_ID_HTTP_REQUESTS)->last_point;
	cr_assert(last->is_overflow);
	cr_assert_eq(last->attribute_count, 0u);
	cr_assert_eq(last->integer, 3);
	collection_free(collection);
}

Test(metric_collect, says_when_memory_is_out)
{
	struct collection *collection = new_collection();
	struct arena *arena = arena__new((size_t)64 * 1024);
	struct metric_set *set = metric_set__new(arena, 1, 2);
	int r = 0;

	for (int i = 0; i < 1000 && r == 0; i++)
		r = metric_collect(set, collection->snapshot);
	cr_assert_eq(r, -ENOMEM);
	arena__free(arena);
	collection_free(collection);
}
