// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "metric/collect.h"

#include <stdbool.h>
#include <stdio.h>

#include "base/wire_names.h"
#include "metric/collect_parts.h"
#include "metric/descriptions.h"
#include "ring/ring.h"

struct series_context {
	struct metric_set *set;
	struct probe *probe;
	const struct probe_bounds *bounds;
	const struct exemplars *exemplars;
};

static int add_series(void *context, const struct http_key *key,
		      const struct histogram_counts *counts)
{
	struct series_context *series = context;
	struct metric_set *set = series->set;
	bool overflow = key->route == ROUTE_OVERFLOW;
	char status[8];
	uint64_t total = metric_count_of(counts);

	if (overflow && total == 0)
		return 0;
	if (key->status == HTTP_STATUS_ABORTED)
		snprintf(status, sizeof(status), "aborted");
	else if (key->status == HTTP_STATUS_UNKNOWN)
		snprintf(status, sizeof(status), "unknown");
	else
		snprintf(status, sizeof(status), "%u", key->status);

	const struct metric_attribute attributes[] = {
		{"method", wire_method_name((enum http_method)key->method)},
		{"path", probe__route(series->probe, key->route)},
		{"status", status},
	};
	size_t attribute_count = overflow ? 0 : 3;
	struct metric_point *requests = metric_set__point(
		set, metric_set__metric(set, metric_describe(METRIC_ID_HTTP_REQUESTS)), attributes,
		attribute_count);
	struct metric_point *duration = metric_set__point(
		set, metric_set__metric(set, metric_describe(METRIC_ID_HTTP_REQUEST_DURATION)),
		attributes, attribute_count);

	if (!requests || !duration)
		return 0; /* the arena remembers */
	requests->integer = (int64_t)total;
	requests->is_overflow = overflow;
	duration->is_overflow = overflow;
	metric_fill_histogram(set, duration, counts, series->bounds);
	exemplars__attach(series->exemplars, key, set, &duration->histogram);
	return 0;
}

static int collect_http(struct metric_set *set, struct probe *probe,
			const struct probe_totals *totals, const struct exemplars *exemplars,
			struct error *error)
{
	struct series_context context = {
		.set = set,
		.probe = probe,
		.bounds = totals->histograms->http,
		.exemplars = exemplars,
	};

	metric_set__add_integer(
		set, metric_describe(METRIC_ID_HTTP_REQUESTS_ACTIVE),
		(int64_t)(totals->counters.requests_started - totals->counters.requests_ended));
	return probe__for_each_series(probe, add_series, &context, error);
}

static int collect_memory(struct metric_set *set, struct probe *probe, const struct plan *plan,
			  const struct process *target, struct error *error)
{
	struct process_memory memory;
	uint64_t peak = 0;
	int r = process__memory(target, &memory);

	if (r < 0)
		return error_set(error, r, "cannot read the memory of process %d: %m",
				 (int)target->pid);
	metric_set__add_integer(set, metric_describe(METRIC_ID_MEMORY_RSS),
				(int64_t)memory.rss_bytes);
	metric_set__add_integer(set, metric_describe(METRIC_ID_MEMORY_VIRTUAL),
				(int64_t)memory.virtual_bytes);
	if (!plan__has(plan, INSTR_MEMORY_PEAK))
		return 0;
	r = probe__take_memory_peak(probe, &peak, error);
	if (r < 0)
		return r;
	/* Nothing changed since: what is resident now is the highest. */
	if (peak < memory.rss_bytes)
		peak = memory.rss_bytes;
	metric_set__add_integer(set, metric_describe(METRIC_ID_MEMORY_RSS_PEAK), (int64_t)peak);
	return 0;
}

/* What only a running process has. */
static int collect_live(struct metric_set *set, struct probe *probe, const struct plan *plan,
			const struct process *target, const struct probe_totals *totals,
			struct error *error)
{
	int r = collect_memory(set, probe, plan, target, error);

	if (r < 0)
		return r;
	if (plan__has(plan, INSTR_TOKIO_TASKS))
		metric_collect_tasks_alive(set, totals, plan);
	if (plan__has(plan, INSTR_TOKIO_WORKERS)) {
		r = probe__count_workers(probe, error);
		if (r < 0)
			return r;
		metric_set__add_integer(set, metric_describe(METRIC_ID_TOKIO_WORKERS), r);
	}
	return 0;
}

int metric_collect_target(struct metric_set *set, struct probe *probe,
			  const struct probe_totals *totals, const struct plan *plan,
			  const struct process *target, const struct exemplars *exemplars,
			  bool is_up, struct error *error)
{
	metric_set__add_integer(set, metric_describe(METRIC_ID_UP), is_up);
	if (plan__has(plan, INSTR_HTTP_REQUESTS)) {
		int r = collect_http(set, probe, totals, exemplars, error);

		if (r < 0)
			return r;
	}
	metric_collect_sessions(set, totals, plan);
	metric_collect_tokio(set, totals, plan);
	if (metric_collect_recorder(set, probe, totals, plan, error) < 0)
		return error->code;
	/* A target that ends meanwhile has no memory to report: that is no failure. */
	if (is_up && collect_live(set, probe, plan, target, totals, error) < 0 &&
	    process__check(target) == 0)
		return error->code;
	return arena__failed(set->arena) ? error_out_of_memory(error) : 0;
}
