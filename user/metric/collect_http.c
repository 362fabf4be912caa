// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/wire_names.h"
#include "metric/collect_internal.h"

#define STATUS_SIZE 8

static void write_status(uint16_t status, char text[STATUS_SIZE])
{
	if (status == HTTP_STATUS_ABORTED)
		snprintf(text, STATUS_SIZE, "aborted");
	else if (status == HTTP_STATUS_UNKNOWN)
		snprintf(text, STATUS_SIZE, "unknown");
	else
		snprintf(text, STATUS_SIZE, "%u", status);
}

static void add_exemplars(struct metric_set *set, struct metric_histogram *histogram,
			  const struct snapshot_series *series)
{
	struct metric_exemplar *exemplars;

	if (series->exemplar_count == 0)
		return;
	exemplars = arena__alloc_array(set->arena, series->exemplar_count, sizeof(*exemplars));
	if (!exemplars)
		return;
	for (size_t i = 0; i < series->exemplar_count; i++) {
		const struct exemplar *from = &series->exemplars[i];

		exemplars[i].value = (double)from->duration_ns / 1e9;
		exemplars[i].time_ns = from->time_ns;
		memcpy(exemplars[i].trace_id, from->trace_id, sizeof(from->trace_id));
		memcpy(exemplars[i].span_id, from->span_id, sizeof(from->span_id));
	}
	histogram->exemplars = exemplars;
	histogram->exemplar_count = series->exemplar_count;
}

static struct metric_point *add_point(struct metric_set *set, enum metric_id id,
				      const struct snapshot_series *series, const char *status)
{
	bool is_overflow = series->key.route == ROUTE_OVERFLOW;
	const struct metric_attribute attributes[] = {
		{"method", wire_method_name((enum http_method)series->key.method)},
		{"path", series->route},
		{"status", status},
	};
	struct metric_point *point =
		metric_set__point(set, metric_set__metric(set, metric_describe(id)), attributes,
				  is_overflow ? 0 : ARRAY_SIZE(attributes));

	if (point)
		point->is_overflow = is_overflow;
	return point;
}

static void collect_series(struct metric_set *set, const struct snapshot *snapshot,
			   const struct snapshot_series *series)
{
	struct metric_point *requests, *duration;
	char status[STATUS_SIZE];

	write_status(series->key.status, status);
	requests = add_point(set, METRIC_ID_HTTP_REQUESTS, series, status);
	duration = add_point(set, METRIC_ID_HTTP_REQUEST_DURATION, series, status);
	if (!requests || !duration)
		return; /* the arena remembers the failure */
	requests->integer = (int64_t)histogram_counts__total(&series->counts);
	metric_fill_histogram(set, duration, &series->counts, snapshot->layout->http);
	add_exemplars(set, &duration->histogram, series);
}

void metric_collect_http(struct metric_set *set, const struct snapshot *snapshot)
{
	const struct counters *counters = &snapshot->totals.counters;

	metric_add_count(set, METRIC_ID_HTTP_REQUESTS_ACTIVE,
			 counters->requests_started - counters->requests_ended);
	for (size_t i = 0; i < snapshot->series_count; i++)
		collect_series(set, snapshot, &snapshot->series[i]);
}
