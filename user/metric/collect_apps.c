// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdbool.h>

#include "metric/collect_internal.h"

static const char *const status_names[APP_STATUS_COUNT] = {
#define X(identifier, name) [APP_STATUS_##identifier] = name,
	APP_STATUS_LIST(X)
#undef X
};

/* A status without applications is 0: a point that disappears keeps its last value in a back end. */
static void collect_statuses(struct metric_set *set, const struct snapshot_apps *apps)
{
	uint64_t counts[APP_STATUS_COUNT] = {0};

	for (size_t i = 0; i < apps->count; i++) {
		if (apps->items[i].status < APP_STATUS_COUNT)
			counts[apps->items[i].status]++;
	}
	for (size_t status = 0; status < APP_STATUS_COUNT; status++) {
		const struct metric_attribute attribute = {"status", status_names[status]};
		struct metric_point *point = metric_set__point(
			set, metric_set__metric(set, metric_describe(METRIC_ID_APPS_BY_STATUS)),
			&attribute, 1);

		if (point)
			point->integer = (int64_t)counts[status];
	}
}

static void add_histogram(struct metric_set *set, enum metric_id id, const double *bounds,
			  size_t bound_count, const uint64_t *buckets, uint64_t count, double sum)
{
	struct metric_point *point =
		metric_set__point(set, metric_set__metric(set, metric_describe(id)), NULL, 0);

	if (point)
		point->histogram = (struct metric_histogram){
			.bounds = bounds,
			.bound_count = bound_count,
			.bucket_counts = buckets,
			.count = count,
			.sum = sum,
		};
}

void metric_collect_apps(struct metric_set *set, const struct snapshot *snapshot)
{
	const struct app_samples *samples = &snapshot->apps.samples;

	if (!snapshot->apps.is_known)
		return;
	metric_add_count(set, METRIC_ID_APPS, snapshot->apps.count);
	if (plan__has(snapshot->plan, INSTR_APP_STATUSES))
		collect_statuses(set, &snapshot->apps);
	add_histogram(set, METRIC_ID_APP_SERVICES, app_services_bounds, APP_SERVICES_BOUNDS,
		      samples->services_buckets, samples->count, (double)samples->services_sum);
	add_histogram(set, METRIC_ID_APP_LAST_CHECK_AGE, app_age_bounds, APP_AGE_BOUNDS,
		      samples->age_buckets, samples->count, samples->age_sum);
}
